// What a client says: MAIL and RCPT with the parameters that this server offers, and the messages
// that it cannot be given at all. RFC 5321 §4.1.1, RFC 1870, 3030, 3461 §5, 6152, 6531.
#pragma once

#include <optional>
#include <string>

#include "outrider/smtp/client_session.h"

namespace outrider::smtp {

/// The extensions of an EHLO reply. Values that are no numbers count as not told.
Extensions parse_extensions(const Reply& reply);

/// How a transaction is to be written for one server.
struct Manner {
  bool size = false;
  bool dsn = false;
  bool smtputf8 = false;
  bool require_tls = false;
  bool bdat = false;
  Body body = Body::SevenBit;
};

Manner manner_of(const Transaction& transaction, const Extensions& offered, bool chunking);

/// Our own reply where the server cannot take the message as it is.
std::optional<Reply> refusal(const Transaction& transaction, const Extensions& offered,
                             const Manner& manner);
/// Our own reply where an address cannot be written on a command line.
std::optional<Reply> refusal(const RcptCommand& recipient);

void write_mail(const MailCommand& mail, const Manner& manner, std::string& out);
void write_rcpt(const RcptCommand& recipient, const Manner& manner, std::string& out);

}  // namespace outrider::smtp
