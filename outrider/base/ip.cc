#include "outrider/base/ip.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "outrider/base/text.h"

namespace outrider {
namespace {

constexpr std::uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

IpAddress unmapped(IpAddress address) {
  if (!address.v6 || std::memcmp(address.bytes.data(), mapped_prefix, 12) != 0) return address;
  IpAddress v4;
  std::copy_n(address.bytes.begin() + 12, 4, v4.bytes.begin());
  return v4;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_number(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer);
}

std::string IpAddress::literal() const { return (v6 ? "[IPv6:" : "[") + text() + "]"; }

bool IpAddress::is_loopback() const {
  if (!v6) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](auto byte) { return byte == 0; }) &&
         bytes.back() == 1;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  IpAddress address;
  address.v6 = text.contains(':');
  if (inet_pton(address.v6 ? AF_INET6 : AF_INET, terminated.c_str(), address.bytes.data()) != 1) {
    return std::nullopt;
  }
  return unmapped(address);
}

std::optional<IpAddress> IpAddress::parse_literal(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  auto inside = text.substr(1, text.size() - 2);
  const bool tagged = istarts_with(inside, "IPv6:");
  if (tagged) inside.remove_prefix(5);
  if (tagged != inside.contains(':')) return std::nullopt;
  return parse(inside);
}

bool Network::contains(const IpAddress& other) const {
  return other.v6 == address.v6 && of(other, prefix).address == of(address, prefix).address;
}

std::string Network::text() const { return fmt::format("{}/{}", address.text(), prefix); }

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned most = address->v6 ? 128 : 32;
  if (slash == std::string_view::npos) return Network{*address, most};
  const auto prefix = parse_number(text.substr(slash + 1));
  if (!prefix || *prefix > most) return std::nullopt;
  return Network{*address, static_cast<unsigned>(*prefix)};
}

Network Network::of(const IpAddress& address, unsigned prefix) {
  Network network{address, std::min(prefix, address.v6 ? 128u : 32u)};
  for (unsigned bit = network.prefix; bit < 128; ++bit) {
    network.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
  }
  return network;
}

std::string Endpoint::text() const {
  return fmt::format(fmt::runtime(address.v6 ? "[{}]:{}" : "{}:{}"), address.text(), port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = parse_port(text.substr(colon + 1));
  if (!address || !port || bracketed != host.contains(':')) return std::nullopt;
  return Endpoint{*address, *port};
}

}  // namespace outrider
