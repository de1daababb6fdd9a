// What stands behind Store, Batch and Cursor. Inside the module only.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outrider/store/store.h"
#include "outrider/store/synced_mark.h"

namespace outrider::store {

constexpr std::size_t table_count = 3;
using Handles = std::array<rocksdb::ColumnFamilyHandle*, table_count>;

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

struct Batch::Rocks {
  Handles handles{};
  rocksdb::WriteBatch changes;
};

struct Cursor::Rocks {
  std::string until;
  rocksdb::Slice bound;
  std::string path;
  std::unique_ptr<rocksdb::Iterator> at;
};

struct Store::Rocks {
  ~Rocks();
  std::string path;
  Handles tables{};
  rocksdb::ColumnFamilyHandle* facts = nullptr;  ///< format of the whole
  std::unique_ptr<rocksdb::DB> db;
  std::optional<SyncedMark> synced;
  std::string cut;  ///< see Store::cut()
  std::atomic<bool> failing{false};
  std::atomic<std::uint64_t> syncs{0};
};

/// Names of the column families, the table of each in the order of enum Table after the first.
const std::vector<std::string>& family_names();
/// `cut` is told what of the log was left out.
Result<std::unique_ptr<rocksdb::DB>> open_database(
    const Options& options, std::vector<rocksdb::ColumnFamilyHandle*>& handles, std::string& cut);
/// The format record: ours, made where the database is new and empty, or an error.
Result<void> check_format(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                          const std::string& path);

}  // namespace outrider::store
