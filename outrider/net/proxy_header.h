// The PROXY protocol, versions 1 and 2: a load balancer tells in front of the first byte of a
// connection whom it speaks for. Pure: bytes in, meaning out. To be read from trusted peers only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::net {

/// The longest header that is taken: 16 bytes and 536 of addresses and extensions (version 2).
inline constexpr std::size_t longest_proxy_header = 552;

struct ProxyHeader {
  std::size_t length = 0;          ///< bytes it takes; 0: more input is needed
  std::optional<Endpoint> source;  ///< the client; nothing for LOCAL and UNKNOWN
  std::optional<Endpoint> destination;

  bool complete() const { return length != 0; }
};

/// Reads a header from the beginning of `input`. Asks for more only while `input` is shorter than
/// longest_proxy_header and may still become a header.
Result<ProxyHeader> parse_proxy_header(std::string_view input);

}  // namespace outrider::net
