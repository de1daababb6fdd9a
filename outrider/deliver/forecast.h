// What is certain about a message with REQUIRETLS before it is taken. RFC 8689 §4.2.1.
#pragma once

#include <optional>

#include "outrider/base/clock.h"
#include "outrider/deliver/explain.h"
#include "outrider/smtp/reply.h"

namespace outrider::deliver {

/// Of an explanation for Wish::RequireTls, by what the DNS says now and the ledger has seen within
/// the last day: what the sender would get back anyway. Nothing: a host may do, or nobody knows.
std::optional<smtp::Reply> forecast(const Explanation& explanation, Time now);

}  // namespace outrider::deliver
