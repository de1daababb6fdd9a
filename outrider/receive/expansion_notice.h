// The notice that an alias became several addresses, for a sender who asked to hear of success
// (RFC 3461 §5.2.7.3 (c)).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/message_id.h"
#include "outrider/base/result.h"
#include "outrider/mail/envelope.h"
#include "outrider/queue/queue.h"

namespace outrider::receive {

using boost::asio::awaitable;

struct Expanded {
  std::vector<mail::Recipient> aliases;  ///< as the client named them, status Expanded
  mail::Envelope envelope;               ///< of the message
  std::string header;                    ///< its header block
  MessageId id;
};

/// Puts the notice into the queue, where the sender wants one. The message itself is safe already.
awaitable<Result<void>> tell_of_expansion(queue::Queue& queue, std::string host, Expanded expanded);

}  // namespace outrider::receive
