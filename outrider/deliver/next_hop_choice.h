// The decisions in the search for a next hop, without the asking: answers in, hosts or a reply
// out. RFC 5321 §5.1, RFC 7505.
#pragma once

#include <string>
#include <vector>

#include "outrider/deliver/next_hop.h"

namespace outrider::deliver {

/// What is looked for, and on whose word.
struct Search {
  std::string name;       ///< the domain, or the host of the operator's route
  bool by_route = false;  ///< the operator named it: a fault is ours to put right
};

/// Hosts without addresses yet, sorted; those of equal preference in random order. An MX that is
/// this server cuts off itself and all that are not better.
NextHop choose_hosts(const Search& search, const dns::MxAnswer& mx, const HopOptions& options);

/// The name itself as the only host.
Host host_itself(const std::string& name);

/// What was asked about one host; families that are not used stay NoData.
struct HostAnswers {
  dns::AddressAnswer ipv4, ipv6;
};

/// Gives the hosts their addresses, `answers` in their order. Hosts without any are left out;
/// where only the look-up failed, the list is not whole.
/// With `look_for_loops`, a host with an address of ours cuts the list as above.
NextHop settle_hosts(const Search& search, std::vector<Host> hosts,
                     const std::vector<HostAnswers>& answers, const HopOptions& options,
                     bool look_for_loops);

/// An address that needs no asking: of a literal, or of a route.
NextHop settle_address(const Search& search, const IpAddress& address, const HopOptions& options);

}  // namespace outrider::deliver
