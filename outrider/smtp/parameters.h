// The arguments of MAIL and RCPT: path and parameters. Each parameter at most once, and only what
// the session offers. SIZE RFC 1870, BODY RFC 6152 and RFC 3030, SMTPUTF8 RFC 6531, RET, ENVID,
// NOTIFY and ORCPT RFC 3461 §4.
#pragma once

#include <expected>

#include "outrider/smtp/envelope_command.h"
#include "outrider/smtp/grammar.h"
#include "outrider/smtp/reply.h"

namespace outrider::smtp {

/// What a client may ask for in this session.
struct Offered {
  bool extended = false;  ///< EHLO was said: parameters are allowed
  bool smtputf8 = false;
  bool chunking = false;     ///< and so BODY=BINARYMIME
  bool require_tls = false;  ///< REQUIRETLS, inside TLS alone
};

/// `FROM:<path> parameters`. The reply says what is wrong.
std::expected<MailCommand, Reply> parse_mail(std::string_view arguments, const Offered& offered);
/// `TO:<path> parameters`. `smtputf8`: what MAIL declared.
std::expected<RcptCommand, Reply> parse_rcpt(std::string_view arguments, const Offered& offered,
                                             bool smtputf8);

}  // namespace outrider::smtp
