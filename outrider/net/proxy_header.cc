#include "outrider/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "outrider/base/text.h"

namespace outrider::net {
namespace {

constexpr std::string_view v1_start = "PROXY ";
constexpr std::string_view v2_start{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t longest_v1 = 107;  // with its CRLF
constexpr std::size_t v2_fixed = 16;

std::unexpected<Error> bad(std::string what, std::string_view rule) {
  return fail(Blame::Peer, std::move(what), "PROXY protocol " + std::string(rule));
}

bool may_become(std::string_view input, std::string_view start) {
  const auto length = std::min(input.size(), start.size());
  return input.substr(0, length) == start.substr(0, length);
}

// Ports are plain decimals without leading zeros.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number > 65535 || (text.size() > 1 && text.front() == '0')) return {};
  return static_cast<std::uint16_t>(*number);
}

std::optional<Endpoint> parse_endpoint(std::string_view address, std::string_view port, bool v6) {
  // An IPv4-mapped address is written in the IPv6 form and held as IPv4: the form decides.
  if ((address.find(':') != address.npos) != v6) return {};
  const auto parsed = IpAddress::parse(address);
  const auto number = parse_port(port);
  if (!parsed || !number) return {};
  return Endpoint{*parsed, *number};
}

/// `TCP4 192.0.2.1 192.0.2.2 51000 25`
Result<ProxyHeader> parse_v1_line(std::string_view line, std::size_t length) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return ProxyHeader{.length = length};
  std::array<std::string_view, 5> words;
  std::string_view rest = line;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto space = i + 1 < words.size() ? rest.find(' ') : rest.size();
    if (space == rest.npos) return bad(printable(line), "§2.1: five words after PROXY");
    words[i] = rest.substr(0, space);
    rest.remove_prefix(std::min(rest.size(), space + 1));
  }
  if (words[0] != "TCP4" && words[0] != "TCP6") {
    return bad(printable(line), "§2.1: TCP4, TCP6 or UNKNOWN");
  }
  const bool v6 = words[0] == "TCP6";
  ProxyHeader header{.length = length,
                     .source = parse_endpoint(words[1], words[3], v6),
                     .destination = parse_endpoint(words[2], words[4], v6)};
  if (!header.source || !header.destination) {
    return bad(printable(line), "§2.1: two addresses and two ports");
  }
  return header;
}

Result<ProxyHeader> parse_v1(std::string_view input) {
  const auto window = input.substr(0, longest_v1);
  const auto end = window.find('\n');
  if (end == window.npos) {
    if (input.size() < longest_v1) return ProxyHeader{};
    return bad(printable(window), "§2.1: a line of at most 107 bytes");
  }
  if (end <= v1_start.size() || window[end - 1] != '\r') {
    return bad(printable(window.substr(0, end)), "§2.1: the line ends in CRLF");
  }
  return parse_v1_line(window.substr(v1_start.size(), end - 1 - v1_start.size()), end + 1);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

Endpoint endpoint_at(std::string_view bytes, std::size_t at, std::size_t size,
                     std::size_t port_at) {
  static constexpr std::string_view mapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
  std::string_view address = bytes.substr(at, size);
  if (address.starts_with(mapped)) address.remove_prefix(mapped.size());
  Endpoint endpoint;
  endpoint.address.v6 = address.size() == 16;
  std::copy(address.begin(), address.end(), endpoint.address.bytes.begin());
  endpoint.port = number_at(bytes, port_at);
  return endpoint;
}

Result<ProxyHeader> parse_v2(std::string_view input) {
  if (input.size() < v2_fixed) return ProxyHeader{};
  const auto version_command = static_cast<unsigned char>(input[12]);
  const auto family = static_cast<unsigned char>(input[13]);
  const std::size_t body = number_at(input, 14);
  if (version_command != 0x20 && version_command != 0x21) {
    return bad("version and command " + std::to_string(version_command), "§2.2: 0x20 or 0x21");
  }
  if (v2_fixed + body > longest_proxy_header) {
    return bad("a header of " + std::to_string(v2_fixed + body) + " bytes",
               "§2.2, as far as we take it: at most 552 bytes");
  }
  if (input.size() < v2_fixed + body) return ProxyHeader{};

  ProxyHeader header{.length = v2_fixed + body};
  const bool local = version_command == 0x20;
  if (local || (family != 0x11 && family != 0x21)) return header;
  const std::size_t size = family == 0x11 ? 4 : 16;
  if (body < 2 * size + 4) {
    return bad(std::to_string(body) + " bytes of addresses", "§2.2: 12 for IPv4, 36 for IPv6");
  }
  const auto ports = v2_fixed + 2 * size;
  header.source = endpoint_at(input, v2_fixed, size, ports);
  header.destination = endpoint_at(input, v2_fixed + size, size, ports + 2);
  return header;
}

}  // namespace

Result<ProxyHeader> parse_proxy_header(std::string_view input) {
  if (may_become(input, v1_start)) {
    return input.size() < v1_start.size() ? ProxyHeader{} : parse_v1(input);
  }
  if (may_become(input, v2_start)) {
    return input.size() < v2_start.size() ? ProxyHeader{} : parse_v2(input);
  }
  return bad(printable(input.substr(0, 32)), "§2: begins with PROXY or the signature");
}

}  // namespace outrider::net
