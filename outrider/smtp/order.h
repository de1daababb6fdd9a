// Which command may come when: RFC 5321 §4.1.4 as a table.
#pragma once

#include "outrider/smtp/reply.h"

namespace outrider::smtp {

enum class Verb {
  Hello,
  Mail,
  Rcpt,
  Data,
  Bdat,
  StartTls,
  Rset,
  Noop,
  Help,
  Vrfy,
  Expn,
  Quit,
  Unserved
};

/// How far the transaction has come: each name is the last thing that was accepted.
enum class Phase { Greeting, Hello, Sender, Recipient, Chunks };

/// The reply that refuses `verb` in `phase`, or null where the order allows it.
const FixedReply* refusal(Verb verb, Phase phase);

}  // namespace outrider::smtp
