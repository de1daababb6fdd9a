// The addresses of documents that we fetch: https, a host with a name, nothing clever.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "outrider/base/result.h"

namespace outrider::fetch {

struct Url {
  std::string text;  ///< as it is asked for
  std::string host;  ///< lower case, a name in ASCII: never an address
  std::uint16_t port = 443;
};

/// Fails on another scheme, an address in place of a name (in any spelling), user names, a
/// fragment, bytes that are no printable ASCII, and more than 2000 bytes.
Result<Url> parse_url(std::string_view text);

}  // namespace outrider::fetch
