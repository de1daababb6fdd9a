// IP addresses, networks and endpoints as values, without a socket library.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses are held as IPv4.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  ///< network order; IPv4 in the first four
  bool v6 = false;

  auto operator<=>(const IpAddress&) const = default;
  std::string text() const;     ///< `192.0.2.1`, `2001:db8::1`
  std::string literal() const;  ///< RFC 5321 §4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`
  bool is_loopback() const;
  static std::optional<IpAddress> parse(std::string_view text);
  static std::optional<IpAddress> parse_literal(std::string_view text);  ///< of literal()'s form
};

/// `192.0.2.0/24`, `2001:db8::/32`, or a lone address.
struct Network {
  IpAddress address;
  unsigned prefix = 0;

  bool operator==(const Network&) const = default;
  bool contains(const IpAddress& address) const;
  std::string text() const;
  static std::optional<Network> parse(std::string_view text);
  /// The network of `prefix` bits that the address lies in: for counts per client network.
  static Network of(const IpAddress& address, unsigned prefix);
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  std::string text() const;  ///< `192.0.2.1:25`, `[2001:db8::1]:25`
  static std::optional<Endpoint> parse(std::string_view text);
};

}  // namespace outrider
