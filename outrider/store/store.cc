#include "outrider/store/store.h"

#include <rocksdb/iterator.h>

#include "outrider/base/text.h"
#include "outrider/store/folder.h"
#include "outrider/store/store_rocks.h"

namespace outrider::store {
namespace {

Result<void> result_of(const rocksdb::Status& status, const std::string& path) {
  if (status.ok()) return {};
  return fail(Blame::Environment, printable(status.ToString()), {}, path);
}

}  // namespace

Batch::Batch(std::unique_ptr<Rocks> rocks) : rocks_(std::move(rocks)) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

// The answers of a WriteBatch tell of sizes beyond 4 GiB only; batches are bounded by us.
void Batch::put(Table table, std::string_view key, std::string_view value) {
  rocks_->changes.Put(rocks_->handles[static_cast<std::size_t>(table)], slice(key), slice(value))
      .PermitUncheckedError();
}

void Batch::erase(Table table, std::string_view key) {
  rocks_->changes.Delete(rocks_->handles[static_cast<std::size_t>(table)], slice(key))
      .PermitUncheckedError();
}

bool Batch::empty() const { return rocks_->changes.Count() == 0; }
std::size_t Batch::bytes() const { return rocks_->changes.GetDataSize(); }
void Batch::clear() { rocks_->changes.Clear(); }

Cursor::Cursor(std::unique_ptr<Rocks> rocks) : rocks_(std::move(rocks)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

bool Cursor::at_end() const { return !rocks_->at->Valid(); }
void Cursor::next() { rocks_->at->Next(); }
std::string_view Cursor::key() const { return view(rocks_->at->key()); }
std::string_view Cursor::value() const { return view(rocks_->at->value()); }
Result<void> Cursor::status() const { return result_of(rocks_->at->status(), rocks_->path); }

Store::Rocks::~Rocks() {
  if (!db) return;
  for (auto* table : tables) {
    if (table) db->DestroyColumnFamilyHandle(table).PermitUncheckedError();
  }
  if (facts) db->DestroyColumnFamilyHandle(facts).PermitUncheckedError();
  db->Close().PermitUncheckedError();
}

Store::Store(std::unique_ptr<Rocks> rocks) : rocks_(std::move(rocks)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  if (auto ready = prepare_folder(options.path); !ready) return std::unexpected(ready.error());
  auto rocks = std::make_unique<Rocks>();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  auto db = open_database(options, handles, rocks->cut);
  if (!db) return std::unexpected(db.error());
  rocks->path = options.path;
  rocks->db = std::move(*db);
  rocks->facts = handles[0];
  for (std::size_t at = 0; at < table_count; ++at) rocks->tables[at] = handles[at + 1];
  if (auto ours = check_format(*rocks->db, handles, options.path); !ours)
    return std::unexpected(ours.error());
  if (auto left = leave_process_id(options.path); !left) return std::unexpected(left.error());
  rocks->synced.emplace(options.path);
  return std::unique_ptr<Store>(new Store(std::move(rocks)));
}

Batch Store::batch() const {
  auto rocks = std::make_unique<Batch::Rocks>();
  rocks->handles = rocks_->tables;
  return Batch(std::move(rocks));
}

Result<void> Store::write(Batch& batch, Durable durable) {
  rocksdb::WriteOptions options;
  options.sync = durable == Durable::Now;
  if (options.sync) ++rocks_->syncs;
  // Others may write meanwhile: these are at least behind what was there before.
  const auto last = rocks_->db->GetLatestSequenceNumber() + batch.rocks_->changes.Count();
  const auto status = rocks_->db->Write(options, &batch.rocks_->changes);
  if (!status.ok()) rocks_->failing = true;
  if (status.ok() && options.sync) rocks_->synced->set(last);
  return result_of(status, rocks_->path);
}

Result<void> Store::sync() {
  ++rocks_->syncs;
  const auto last = rocks_->db->GetLatestSequenceNumber();
  const auto status = rocks_->db->SyncWAL();
  if (!status.ok()) rocks_->failing = true;
  if (status.ok()) rocks_->synced->set(last);
  return result_of(status, rocks_->path);
}

Result<std::optional<std::string>> Store::read(Table table, std::string_view key) const {
  std::string value;
  const auto status =
      rocks_->db->Get({}, rocks_->tables[static_cast<std::size_t>(table)], slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (auto result = result_of(status, rocks_->path); !result)
    return std::unexpected(result.error());
  return std::optional(std::move(value));
}

Cursor Store::scan(Table table, std::string_view from, std::string_view until) const {
  auto rocks = std::make_unique<Cursor::Rocks>();
  rocks->path = rocks_->path;
  rocks->until = until;
  rocks->bound = rocks->until;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  if (!until.empty()) options.iterate_upper_bound = &rocks->bound;
  rocks->at.reset(
      rocks_->db->NewIterator(options, rocks_->tables[static_cast<std::size_t>(table)]));
  rocks->at->Seek(slice(from));
  return Cursor(std::move(rocks));
}

bool Store::failing() const { return rocks_->failing; }

Result<void> Store::resume() {
  const auto status = rocks_->db->Resume();
  if (status.ok()) rocks_->failing = false;
  return result_of(status, rocks_->path);
}

std::uint64_t Store::free_bytes() const { return free_bytes_at(rocks_->path); }
std::uint64_t Store::syncs() const { return rocks_->syncs; }
const std::string& Store::cut() const { return rocks_->cut; }
const std::string& Store::path() const { return rocks_->path; }

}  // namespace outrider::store
