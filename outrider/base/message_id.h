// The queue's name for a message: unique for the life of a queue, ordered by time of arrival.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider {

/// 42 bits of milliseconds since 1970 and 22 bits of counter. The text form is 13 letters and
/// digits (Crockford's base 32, upper case), in the same order as the numbers.
struct MessageId {
  std::uint64_t value = 0;

  auto operator<=>(const MessageId&) const = default;
  std::string text() const;
  static std::optional<MessageId> parse(std::string_view text);  ///< case does not matter
};

}  // namespace outrider
