// Which hosts a destination's mail is offered to, in which order: RFC 5321 §5.1, with null MX
// (RFC 7505) and the way out of mail loops. Where there is none, the reply says why in words for
// people, because a notice carries them: 5yz ends the attempts, 4yz is tried again later.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/deliver/options.h"
#include "outrider/deliver/routes.h"
#include "outrider/dns/resolver.h"
#include "outrider/smtp/reply.h"

namespace outrider::deliver {

struct HopOptions {
  std::vector<std::string> own_names;    ///< lower case: an MX of that name is this server
  std::vector<IpAddress> own_addresses;  ///< so is a host with one of them
  bool loopback_is_own = true;           ///< mail for the world never goes to 127.0.0.1 or ::1
  /// Both: IPv6 and IPv4 take turns (RFC 8305 §4).
  AddressFamilies families = AddressFamilies::Both;
  std::size_t hosts = 20;     ///< most that are tried for one destination
  std::size_t addresses = 8;  ///< most of one host
};

struct Host {
  std::string name;       ///< as the MX record or the route names it; an address in text form
  std::string canonical;  ///< where CNAMEs led
  std::uint16_t preference = 0;
  /// Nobody can have put it in the place of another: the MX record is signed, or it is the
  /// destination's own name, or the operator named it.
  bool sure = false;
  bool secure = false;               ///< its addresses are signed, with all aliases on the way
  std::vector<IpAddress> addresses;  ///< in the order to try; not empty
  std::chrono::seconds ttl{0};       ///< for how long all of this may be believed
  /// Where CNAMEs led from the domain to signed MX records; empty: the records are not signed, or
  /// there are none.
  std::string expanded;
};

/// In the order to try, at least one.
struct Hosts : std::vector<Host> {
  using std::vector<Host>::vector;
  /// False: there are others, whose addresses cannot be looked up now.
  bool is_whole = true;
};

/// The hosts, or why there is none.
using NextHop = std::expected<Hosts, smtp::Reply>;

/// For a destination whose route connects and has no Unix socket. The port is the route's.
/// `resolver` must outlive the call.
///
/// The operator's own next hop that cannot be found is no reason to return mail: 4.3.5. Loops are
/// looked for where DNS chose the host: there, mail must never go back to this server.
dns::awaitable<NextHop> find_next_hop(dns::Resolver& resolver, Destination destination,
                                      HopOptions options);

}  // namespace outrider::deliver
