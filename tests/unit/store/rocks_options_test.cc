#include "outrider/store/rocks_options.h"

#include <gtest/gtest.h>

namespace outrider::store {
namespace {

TEST(RocksOptions, ForgiveATornEndOfTheLogAndNoDamageBefore) {
  const auto rocks = rocks_options({});
  EXPECT_EQ(rocks.wal_recovery_mode, rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords);
  EXPECT_TRUE(rocks.paranoid_checks);
}

TEST(RocksOptions, BoundMemoryAndTheLogWhateverIsAsked) {
  for (const std::size_t asked : {0ul, 64ul << 20, SIZE_MAX}) {
    const Options options{.memory = asked, .log_bytes = 7 << 20};
    const auto rocks = rocks_options(options);
    EXPECT_GE(rocks.db_write_buffer_size, 8u << 20);
    EXPECT_LE(rocks.db_write_buffer_size, 1024u << 20);
    EXPECT_EQ(rocks.max_total_wal_size, 7u << 20);
    std::size_t all = 0;
    for (const Table table : {Table::Meta, Table::Body, Table::Keyed}) {
      const auto family = rocks_table(options, table);
      all += family.write_buffer_size * static_cast<std::size_t>(family.max_write_buffer_number);
    }
    EXPECT_LE(all, rocks.db_write_buffer_size * 5 / 4);
  }
}

TEST(RocksOptions, CompressWhatIsSmallAndNotTheContent) {
  EXPECT_EQ(rocks_table({}, Table::Body).compression, rocksdb::kNoCompression);
  EXPECT_EQ(rocks_table({}, Table::Meta).compression, rocksdb::kLZ4Compression);
}

}  // namespace
}  // namespace outrider::store
