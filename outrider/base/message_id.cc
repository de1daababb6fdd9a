#include "outrider/base/message_id.h"

#include "outrider/base/text.h"

namespace outrider {
namespace {

constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t length = 13;  // 13 * 5 bits hold 64

}  // namespace

std::string MessageId::text() const {
  std::string text(length, '0');
  auto rest = value;
  for (auto at = length; at-- > 0; rest >>= 5) text[at] = digits[rest & 31];
  return text;
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  if (text.size() != length) return std::nullopt;
  MessageId id;
  for (const char c : text) {
    const auto digit = digits.find(ascii_upper(c));
    if (digit == std::string_view::npos || id.value >> 59 != 0) return std::nullopt;
    id.value = id.value << 5 | digit;
  }
  return id;
}

}  // namespace outrider
