#include "outrider/store/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>

namespace outrider::store {
namespace {

constexpr std::size_t mebibyte = 1 << 20;

std::size_t memory_of(const Options& options) {
  return std::clamp(options.memory, 8 * mebibyte, 1024 * mebibyte);
}

rocksdb::BlockBasedTableOptions blocks() {
  static const auto cache = rocksdb::NewLRUCache(16 * mebibyte);
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  return table;
}

}  // namespace

rocksdb::DBOptions rocks_options(const Options& options) {
  rocksdb::DBOptions rocks;
  rocks.create_if_missing = true;
  rocks.create_missing_column_families = true;
  rocks.paranoid_checks = true;
  // A torn end is what a kill leaves and is expected. Damage before the end would silently take
  // acknowledged mail with it under any laxer mode; so the start fails and says where. The price
  // is that logs are not recycled, which RocksDB allows only in a mode that forgives damage.
  rocks.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocks.max_total_wal_size = options.log_bytes;
  rocks.db_write_buffer_size = memory_of(options);
  rocks.max_background_jobs = 2;
  rocks.max_open_files = 512;
  rocks.bytes_per_sync = mebibyte;
  rocks.wal_bytes_per_sync = mebibyte;
  rocks.keep_log_file_num = 2;
  rocks.max_log_file_size = 4 * mebibyte;
  rocks.stats_dump_period_sec = 0;
  rocks.stats_persist_period_sec = 0;
  return rocks;
}

rocksdb::ColumnFamilyOptions rocks_table(const Options& options, Table table) {
  rocksdb::ColumnFamilyOptions rocks;
  const std::size_t memory = memory_of(options);
  rocks.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks()));
  rocks.compression = rocksdb::kNoCompression;
  rocks.max_write_buffer_number = 2;
  rocks.write_buffer_size = memory / 16;
  // Messages come and go in about the order of their ids, which are the keys: where to put one is
  // found near the last. (With DeleteRange, RocksDB 7 would mix its hints up: none is used here.)
  if (table != Table::Keyed)
    rocks.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  if (table == Table::Meta) {
    rocks.compression = rocksdb::kLZ4Compression;
    rocks.write_buffer_size = memory / 8;
  }
  if (table == Table::Body) {
    // Keys come in order, so files of level 0 do not overlap and move down without a rewrite.
    rocks.write_buffer_size = memory * 3 / 8;
    rocks.target_file_size_base = 64 * mebibyte;
    rocks.max_bytes_for_level_base = 512 * mebibyte;
    // Most content is gone before so much has come behind it, and is then never rewritten.
    rocks.level0_file_num_compaction_trigger = 12;
    rocks.level0_slowdown_writes_trigger = 32;
    rocks.level0_stop_writes_trigger = 48;
  }
  return rocks;
}

}  // namespace outrider::store
