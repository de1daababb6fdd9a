#include "outrider/store/keyed.h"

#include <cassert>

namespace outrider::store {

KeyedTable::KeyedTable(Store& store, std::string_view name) : store_(store), prefix_(name) {
  assert(!name.empty() && name.find('\0') == std::string_view::npos);
  prefix_.push_back('\0');
}

std::string KeyedTable::full_key(std::string_view key) const { return prefix_ + std::string(key); }

Result<void> KeyedTable::put(std::string_view key, std::string_view value, Durable durable) {
  Batch batch = store_.batch();
  batch.put(Table::Keyed, full_key(key), value);
  return store_.write(batch, durable);
}

Result<void> KeyedTable::erase(std::string_view key, Durable durable) {
  Batch batch = store_.batch();
  batch.erase(Table::Keyed, full_key(key));
  return store_.write(batch, durable);
}

Result<std::optional<std::string>> KeyedTable::read(std::string_view key) const {
  return store_.read(Table::Keyed, full_key(key));
}

Result<void> KeyedTable::scan(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  const std::string start = full_key(prefix);
  Cursor cursor = store_.scan(Table::Keyed, start);
  for (; !cursor.at_end() && cursor.key().starts_with(start); cursor.next()) {
    if (!visit(cursor.key().substr(prefix_.size()), cursor.value())) return {};
  }
  return cursor.status();
}

}  // namespace outrider::store
