// A forwarder as it stands in the configuration, in unbound.conf's words.
#pragma once

#include <optional>
#include <string_view>

#include "outrider/base/ip.h"

namespace outrider::dns {

/// `192.0.2.53`, `2001:db8::53`, `127.0.0.1@5353`; without a port it is 53.
std::optional<Endpoint> read_forwarder(std::string_view text);

}  // namespace outrider::dns
