// The TLSA records of a host, asked for: trust/dane.h has the rules. RFC 7672 §2.2.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

#include "outrider/dns/resolver.h"
#include "outrider/trust/dane.h"

namespace outrider::policy {

using boost::asio::awaitable;

struct DaneAnswer {
  trust::DaneFacts facts;
  std::chrono::seconds ttl{0};  ///< for how long they may be believed
};

/// `host`: as its addresses were found. `resolver` outlives the call.
awaitable<DaneAnswer> look_up_dane(dns::Resolver& resolver, trust::DaneHost host,
                                   std::uint16_t port);

}  // namespace outrider::policy
