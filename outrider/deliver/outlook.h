// What is known of a host before mail goes to it: the facts of trust::decide, and for how long they
// may be believed. RFC 7672 §2.2, RFC 8461 §5.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "outrider/base/clock.h"
#include "outrider/deliver/next_hop.h"
#include "outrider/deliver/site.h"
#include "outrider/trust/decide.h"

namespace outrider::deliver {

using boost::asio::awaitable;

struct Outlook {
  trust::Facts facts;    ///< without the message's wish and the host's past
  policy::StsState sts;  ///< where a policy was looked for
  Steady until{};        ///< then it is to be looked at again
};

/// The domain, or the next hop that was named: whose policy counts.
const std::string& policy_domain(const Destination& destination);
// As the ledger knows them: the domain, or `smtp://relay.example:587`; `mx.example:25`.
std::string ledger_name(const Destination& destination);
std::string place_of(const Destination& destination, const Host& host);

/// `site` outlives the call.
awaitable<Outlook> look_at(const Site& site, Destination destination, Host host);

}  // namespace outrider::deliver
