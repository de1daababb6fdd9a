// One claim over an open conversation: MAIL, RCPT, the content in pieces, and what was said about
// each recipient. RFC 5321 §3.3; RFC 2033; RFC 3461 §5.2.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <vector>

#include "outrider/deliver/attempt.h"
#include "outrider/deliver/connection.h"
#include "outrider/queue/queue.h"

namespace outrider::deliver {

struct TransactionResult {
  Attempt attempt;
  /// The connection was old and turned out to be gone before anything was given to it: the claim
  /// may be tried on another at once.
  bool stale = false;
  bool refused = false;  ///< 421, or the connection was lost: the server has had enough
};

/// `recipients` are of the claim. Leaves `connection` ready for the next one, or broken.
awaitable<TransactionResult> transact(Connection& connection, queue::Claim& claim,
                                      std::vector<std::uint32_t> recipients);

}  // namespace outrider::deliver
