// Whose data lies in a folder, and of which format. What is not known is refused, never guessed.
#include <algorithm>

#include "outrider/base/text.h"
#include "outrider/store/folder.h"
#include "outrider/store/rocks_options.h"
#include "outrider/store/store_rocks.h"

namespace outrider::store {
namespace {

using Families = std::vector<rocksdb::ColumnFamilyDescriptor>;

constexpr std::string_view format_key = "format";
constexpr std::string_view format_value = "outrider-queue 1";
constexpr std::string_view format_family = "outrider-queue ";

std::unexpected<Error> not_ours(const std::string& what, const std::string& path) {
  return fail(Blame::Operator, what, "the queue's folder holds nothing but the queue", path);
}

Result<void> check_families(const rocksdb::DBOptions& rocks, const std::string& path) {
  std::vector<std::string> found;
  const auto listed = rocksdb::DB::ListColumnFamilies(rocks, path, &found);
  // A folder without a database: it will be made.
  if (listed.IsPathNotFound() || listed.IsNotFound()) return {};
  if (!listed.ok())
    return fail(Blame::Environment, printable(listed.ToString()), "a readable queue", path);
  for (const std::string& name : found) {
    if (std::ranges::find(family_names(), name) == family_names().end())
      return not_ours("a database with the table \"" + printable(name) + "\"", path);
  }
  return {};
}

std::unexpected<Error> cannot_open(const rocksdb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  // RocksDB has no code of its own for a lock that is taken.
  if (!status.IsIOError() || text.find("lock") == std::string::npos)
    return fail(Blame::Environment, printable(text), "a readable queue", path);
  const long holder = holder_of(path);
  const std::string who = holder > 0 ? " (" + std::to_string(holder) + ")" : "";
  return fail(Blame::Operator, "another process" + who + " has this queue open",
              "a queue belongs to one process", path);
}

bool is_empty(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* table) {
  const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator({}, table));
  at->SeekToFirst();
  return !at->Valid() && at->status().ok();
}

std::string missing_until(std::uint64_t synced) {
  return ", and change " + std::to_string(synced) +
         " was on disk: what was acknowledged may be missing";
}

// A power cut may leave any part of what was written since the last sync, and the start of the
// log's end may be what is missing. Without changing anything: is all there that a sync had
// covered?
Result<void> check_cut(const rocksdb::DBOptions& rocks, const Families& families,
                       const std::string& path, const rocksdb::Status& damage, std::uint64_t synced,
                       std::string& cut) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly(rocks, path, families, &handles, &db);
  if (!status.ok()) return cannot_open(damage, path);
  const std::unique_ptr<rocksdb::DB> readable(db);
  const std::uint64_t last = readable->GetLatestSequenceNumber();
  for (auto* handle : handles) readable->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  cut = "the log is damaged behind change " + std::to_string(last) + " (" +
        printable(damage.ToString()) + ")";
  if (last >= synced) return {};
  return fail(Blame::Environment, cut + missing_until(synced), "docs/queue-format.md", path);
}

}  // namespace

const std::vector<std::string>& family_names() {
  static const std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName, "meta", "body",
                                              "keyed"};
  return names;
}

Result<std::unique_ptr<rocksdb::DB>> open_database(
    const Options& options, std::vector<rocksdb::ColumnFamilyHandle*>& handles, std::string& cut) {
  auto rocks = rocks_options(options);
  if (auto known = check_families(rocks, options.path); !known)
    return std::unexpected(known.error());

  Families families;
  families.emplace_back(family_names()[0], rocks_table(options, Table::Keyed));
  for (std::size_t at = 0; at < table_count; ++at)
    families.emplace_back(family_names()[at + 1], rocks_table(options, static_cast<Table>(at)));
  const std::uint64_t synced = SyncedMark::left_in(options.path);
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(rocks, options.path, families, &handles, &db);
  if (status.IsCorruption()) {
    rocks.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    if (auto safe = check_cut(rocks, families, options.path, status, synced, cut); !safe)
      return std::unexpected(safe.error());
    status = rocksdb::DB::Open(rocks, options.path, families, &handles, &db);
  }
  if (!status.ok()) return cannot_open(status, options.path);
  std::unique_ptr<rocksdb::DB> opened(db);
  if (const auto last = opened->GetLatestSequenceNumber(); last < synced)
    cut = "the log ends with change " + std::to_string(last) + missing_until(synced);
  return opened;
}

Result<void> check_format(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                          const std::string& path) {
  std::string found;
  const auto status = db.Get({}, handles[0], slice(format_key), &found);
  if (status.ok() && found == format_value) return {};
  if (status.ok() && found.starts_with(format_family))
    return fail(Blame::Operator, "a queue of format \"" + printable(found) + "\"",
                "this version reads \"" + std::string(format_value) + "\" and no other", path);
  if (status.ok()) return not_ours("a database of \"" + printable(found) + "\"", path);
  if (!status.IsNotFound())
    return fail(Blame::Environment, printable(status.ToString()), "a readable queue", path);

  // No record: a new database, or one whose first start was cut off; both are empty.
  for (auto* table : handles) {
    if (!is_empty(db, table)) return not_ours("a database without a format record", path);
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto written = db.Put(synced, handles[0], slice(format_key), slice(format_value));
  if (!written.ok())
    return fail(Blame::Environment, printable(written.ToString()), "a writable queue", path);
  return {};
}

}  // namespace outrider::store
