// Addresses that a name of the world must not lead us to (RFC 6890): a stranger chooses what his
// names point to, and a fetch from inside a network reaches what he cannot.
#pragma once

#include "outrider/base/ip.h"

namespace outrider::fetch {

/// Loopback, private, link-local, documentation, multicast and other special use. An address of a
/// translator (64:ff9b::/96) is what its IPv4 address is.
bool is_special(const IpAddress& address);

}  // namespace outrider::fetch
