#include "outrider/dns/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::dns {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_wire_name = 255;  // RFC 1035 §3.1, with lengths and the root
constexpr std::size_t longest_name = 253;       // the same as text

bool is_name_character(char c) {
  c = ascii_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::optional<IpAddress> read_address(std::string_view data, std::size_t size) {
  if (data.size() != size) return std::nullopt;
  IpAddress address;
  std::ranges::copy(data, address.bytes.begin());
  address.v6 = size == 16;
  // Through text, where IPv4-mapped addresses become what they mean.
  return address.v6 ? IpAddress::parse(address.text()) : address;
}

}  // namespace

std::optional<std::string> read_name(std::string_view data) {
  if (data.empty() || data.size() > longest_wire_name) return std::nullopt;
  std::string name;
  name.reserve(data.size());
  while (!data.empty()) {
    const std::size_t length = static_cast<unsigned char>(data.front());
    data.remove_prefix(1);
    if (length == 0) return data.empty() ? std::optional(std::move(name)) : std::nullopt;
    if (length > longest_label || length >= data.size()) return std::nullopt;
    const auto label = data.substr(0, length);
    if (!std::ranges::all_of(label, is_name_character)) return std::nullopt;
    if (!name.empty()) name += '.';
    std::ranges::transform(label, std::back_inserter(name), ascii_lower);
    data.remove_prefix(length);
  }
  return std::nullopt;
}

std::optional<Mx> read_mx(std::string_view data) {
  if (data.size() < 3) return std::nullopt;
  auto host = read_name(data.substr(2));
  if (!host) return std::nullopt;
  const auto high = static_cast<unsigned char>(data[0]);
  const auto low = static_cast<unsigned char>(data[1]);
  return Mx{static_cast<std::uint16_t>(high << 8 | low), std::move(*host)};
}

std::optional<IpAddress> read_ipv4(std::string_view data) { return read_address(data, 4); }

std::optional<IpAddress> read_ipv6(std::string_view data) { return read_address(data, 16); }

std::optional<Tlsa> read_tlsa(std::string_view data) {
  constexpr std::size_t numbers = 3;
  if (data.size() <= numbers) return std::nullopt;
  const auto number = [&](std::size_t at) { return static_cast<std::uint8_t>(data[at]); };
  return Tlsa{number(0), number(1), number(2), std::string(data.substr(numbers))};
}

std::optional<std::string> read_text(std::string_view data) {
  if (data.empty()) return std::nullopt;
  std::string text;
  text.reserve(data.size());
  while (!data.empty()) {
    const std::size_t length = static_cast<unsigned char>(data.front());
    if (length >= data.size()) return std::nullopt;
    text.append(data.substr(1, length));
    data.remove_prefix(1 + length);
  }
  return text;
}

bool is_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > longest_name) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (std::exchange(label, 0) == 0) return false;
    } else if (!is_name_character(c) || ++label > longest_label) {
      return false;
    }
  }
  return label > 0;
}

std::string pointer_name(const IpAddress& address) {
  const auto& bytes = address.bytes;
  if (!address.v6) {
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
  }
  std::string name;
  name.reserve(72);
  for (std::size_t at = bytes.size(); at-- > 0;) {
    fmt::format_to(std::back_inserter(name), "{:x}.{:x}.", bytes[at] & 15, bytes[at] >> 4);
  }
  return name + "ip6.arpa";
}

}  // namespace outrider::dns
