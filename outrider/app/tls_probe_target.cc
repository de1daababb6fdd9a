#include "outrider/app/tls_probe_target.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

constexpr std::uint16_t submissions = 465;  // RFC 8314 §3.3

struct Scheme {
  std::string_view prefix;
  bool implicit;
};
constexpr Scheme schemes[] = {{"smtp://", false}, {"smtps://", true}, {"lmtp://", false}};

std::unexpected<Error> wrong(std::string_view text) {
  return fail(Blame::Operator, "\"" + printable(text) + "\" is no server",
              "HOST[:PORT], [IPV6]:PORT or smtps://HOST[:PORT]");
}

bool is_host(std::string_view host) {
  return !host.empty() && host.find_first_of("[]/@ \t\r\n") == host.npos &&
         host.find('\0') == host.npos;
}

// Host and port apart; a lone IPv6 address needs no brackets.
bool split(std::string_view text, std::string_view& host, std::string_view& port) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return false;
    host = text.substr(1, end - 1);
    if (istarts_with(host, "IPv6:")) host.remove_prefix(5);
    const auto rest = text.substr(end + 1);
    if (rest.empty()) return true;
    port = rest.substr(1);
    return rest.front() == ':' && !port.empty();
  }
  host = text;
  if (IpAddress::parse(text)) return true;
  const auto colon = text.rfind(':');
  if (colon == text.npos) return true;
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  return !port.empty() && host.find(':') == host.npos;
}

}  // namespace

std::string Target::text() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Target> parse_target(std::string_view text, bool lmtp) {
  Target target;
  auto rest = text;
  bool named = false;
  for (const auto& scheme : schemes) {
    if (!istarts_with(rest, scheme.prefix)) continue;
    rest.remove_prefix(scheme.prefix.size());
    target.implicit = scheme.implicit;
    lmtp |= scheme.prefix == "lmtp://";
    named = true;
    break;
  }
  if (named && rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view host, port;
  if (!split(rest, host, port) || !is_host(host)) return wrong(text);
  target.host = host;
  target.port = target.implicit ? submissions : lmtp ? 24 : 25;
  if (!port.empty()) {
    const auto number = parse_number(port);
    if (!number || *number == 0 || *number > 65535) return wrong(text);
    target.port = static_cast<std::uint16_t>(*number);
  }
  if (!named && target.port == submissions) target.implicit = true;
  return target;
}

Result<std::vector<Endpoint>> find(const Target& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(target.host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return fail(Blame::Environment,
                fmt::format("cannot find {}: {}", printable(target.host), gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (const auto* each = found; each; each = each->ai_next) {
    std::array<char, 64> text{};
    ::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST);
    if (const auto address = IpAddress::parse(text.data()))
      endpoints.push_back({*address, target.port});
  }
  if (endpoints.empty())
    return fail(Blame::Environment, "no address of " + printable(target.host) + " can be used");
  return endpoints;
}

}  // namespace outrider::app::probe
