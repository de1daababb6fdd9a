// Notices about what became of a message: not delivered, late, or delivered where that was asked
// for. RFC 3464 within RFC 6522, who gets which by RFC 3461 §4.1 and §5.2, internationalised by
// RFC 6533. The text in front is for the person who reads it, the part behind it for programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/mail/envelope.h"

namespace outrider::mail {

enum class NoticeKind : std::uint8_t { Failure, Delay, Success };

/// Whether this recipient's sender wants to hear of it, by NOTIFY and by what became of the
/// recipient. A null reverse-path wants nothing. `peer_notifies`: the next hop took the message
/// with DSN and tells of success itself (RFC 3461 §5.2.2).
bool wanted(NoticeKind kind, const Address& reverse_path, const Recipient& recipient,
            bool peer_notifies = false);

struct NoticeFacts {
  std::string_view host;            ///< ours: Reporting-MTA, and the domain of MAILER-DAEMON
  std::string_view id;              ///< the queue's name for the message, for the text
  Time now{};                       ///< also the time of the last attempt
  std::optional<Time> retry_until;  ///< for a delay
  std::string_view header;          ///< the original header block with CRLF line ends
  std::string_view content;         ///< the whole message, where RET=FULL may want it; else empty
  std::size_t most_quoted = 256 * 1024;  ///< bytes of content; more: the header alone
};

/// A message of its own with the null reverse-path. `envelope.origin` is empty: made here.
struct Notice {
  Envelope envelope;
  std::string content;  ///< lines end with CRLF
};

/// A notice on `recipients` of `original`, which are those that wanted() chose. Nothing for an
/// empty list or a null reverse-path.
std::optional<Notice> make_notice(NoticeKind kind, const Envelope& original,
                                  const std::vector<const Recipient*>& recipients,
                                  const NoticeFacts& facts);

}  // namespace outrider::mail
