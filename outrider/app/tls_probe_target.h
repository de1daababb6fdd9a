// Whom a probe is about: host, port, and whether TLS begins with the first byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::app::probe {

struct Target {
  std::string host;  ///< a name, or an address without brackets
  std::uint16_t port = 25;
  bool implicit = false;  ///< RFC 8314 §3: `smtps://`, or port 465

  std::string text() const;  ///< `mx.example.org:25`, `[::1]:25`
};

/// `host`, `host:port`, `[ipv6]:port`, `smtp://…`, `smtps://…`, `lmtp://…`. The port is 25, or 465
/// for smtps, or 24 for LMTP (RFC 2033 §5 gives it none; it is what servers use).
Result<Target> parse_target(std::string_view text, bool lmtp);

/// The addresses of the host, by the system's resolver, as other programs do.
Result<std::vector<Endpoint>> find(const Target& target);

}  // namespace outrider::app::probe
