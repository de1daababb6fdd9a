#include "outrider/dns/wire.h"

#include <algorithm>
#include <iterator>

#include "outrider/base/text.h"

namespace outrider::dns {
namespace {

constexpr std::size_t longest_name = 255;  // RFC 1035 §2.3.4, with lengths and the root
constexpr unsigned pointer_bits = 0xC0;

}  // namespace

std::string_view WireReader::bytes(std::size_t count) {
  if (!ok_ || message_.size() - at_ < count) {
    fail();
    return {};
  }
  const auto found = message_.substr(at_, count);
  at_ += count;
  return found;
}

std::uint8_t WireReader::u8() {
  const auto byte = bytes(1);
  return byte.empty() ? 0 : static_cast<std::uint8_t>(byte.front());
}

std::uint16_t WireReader::u16() {
  const unsigned high = u8();
  return static_cast<std::uint16_t>(high << 8 | u8());
}

std::uint32_t WireReader::u32() {
  const std::uint32_t high = u16();
  return high << 16 | u16();
}

std::string WireReader::name() {
  std::string name;
  std::size_t lowest = at_;  // a pointer leads to before all that was read of this name
  std::optional<std::size_t> after;
  while (ok_) {
    const unsigned length = u8();
    if ((length & pointer_bits) == pointer_bits) {
      const std::size_t target = (length & ~pointer_bits) << 8 | u8();
      if (!after) after = at_;
      if (!ok_ || target >= lowest) break;
      at_ = lowest = target;
      continue;
    }
    const auto label = bytes(length);
    // RFC 6891 §5: the other two forms of a label are not in use.
    if (!ok_ || length > 63) break;
    if (length > 0 && name.size() + length + 2 > longest_name) break;
    name += static_cast<char>(length);
    std::ranges::transform(label, std::back_inserter(name), ascii_lower);
    if (length > 0) continue;
    if (after) at_ = *after;
    return name;
  }
  fail();
  return {};
}

std::string wire_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string wire;
  wire.reserve(name.size() + 2);
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    std::ranges::transform(label, std::back_inserter(wire), ascii_lower);
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  wire += '\0';
  return wire;
}

}  // namespace outrider::dns
