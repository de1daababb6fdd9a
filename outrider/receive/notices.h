// Notices that are due when a message is taken: an alias became several addresses, for a sender who
// asked to hear of success (RFC 3461 §5.2.7.3 (c)); a terminal was not reached (RFC 788 §4.1.1).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "outrider/base/message_id.h"
#include "outrider/base/result.h"
#include "outrider/mail/envelope.h"
#include "outrider/mail/notice.h"
#include "outrider/queue/queue.h"

namespace outrider::receive {

using boost::asio::awaitable;

struct Told {
  mail::NoticeKind kind = mail::NoticeKind::Success;
  std::vector<mail::Recipient> recipients;  ///< as the client named them, with what became of them
  mail::Envelope envelope;                  ///< of the message
  std::string header;                       ///< its header block
  MessageId id;
};

/// Puts the notice into the queue, where the sender wants one. The message itself is safe already.
awaitable<Result<void>> tell_sender(queue::Queue& queue, std::string host, Told told);

}  // namespace outrider::receive
