// Claims that end on this server: into Maildirs, into the inbox of TLS reports,
// dropped, or refused by a route.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <vector>

#include "outrider/deliver/attempt.h"
#include "outrider/deliver/route.h"
#include "outrider/deliver/site.h"
#include "outrider/queue/queue.h"

namespace outrider::deliver {

using boost::asio::awaitable;

/// A TLS report that others mailed to us, into the inbox of reports; what is none is refused.
awaitable<Attempt> take_report(Site& site, queue::Claim& claim,
                               std::vector<std::uint32_t> recipients);

/// One file for each recipient, with Return-Path and Delivered-To before the content.
awaitable<Attempt> deliver_to_maildirs(Site& site, const Route& route, queue::Claim& claim,
                                       std::vector<std::uint32_t> recipients);
Attempt discard(const std::vector<std::uint32_t>& recipients);
Attempt refuse(const Route& route, const std::vector<std::uint32_t>& recipients);

}  // namespace outrider::deliver
