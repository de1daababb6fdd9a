// From what was said about recipients to what the queue keeps: their outcomes, the notices that
// follow, a line in the log for each.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "outrider/deliver/attempt.h"
#include "outrider/deliver/site.h"
#include "outrider/queue/queue.h"

namespace outrider::deliver {

using boost::asio::awaitable;

/// Finishes the claim.
awaitable<void> record(Site& site, queue::Claim& claim, Attempt attempt);

}  // namespace outrider::deliver
