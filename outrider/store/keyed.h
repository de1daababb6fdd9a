// Small tables by name, for facts that are no messages: a key, a value, all keys in order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/store/store.h"

namespace outrider::store {

/// A view of one table of a store, which outlives it. Names hold no NUL and are not empty.
class KeyedTable {
 public:
  KeyedTable(Store& store, std::string_view name);

  Result<void> put(std::string_view key, std::string_view value, Durable durable);
  Result<void> erase(std::string_view key, Durable durable);
  Result<std::optional<std::string>> read(std::string_view key) const;
  /// Calls `visit` with each key that begins with `prefix`, in order, until it answers false.
  Result<void> scan(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) const;
  /// The key in Table::Keyed, for a batch that changes several tables.
  std::string full_key(std::string_view key) const;

 private:
  Store& store_;
  std::string prefix_;
};

}  // namespace outrider::store
