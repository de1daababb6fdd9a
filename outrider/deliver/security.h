// The words and codes of a host that is not secure enough, as the queue, the log and a notice carry
// them. RFC 8689 §4.2.1, RFC 3463 §3.8.
#pragma once

#include <string>

#include "outrider/mail/envelope.h"
#include "outrider/smtp/reply.h"
#include "outrider/trust/decide.h"

namespace outrider::deliver {

/// The reason that decided, in its own words; empty where there is none.
std::string rule_of(const trust::Verdict& verdict);

/// The same for the log, which need not tell of the default on each line.
std::string told_rule_of(const trust::Verdict& verdict);

/// 450 4.7.5, or 550 5.7.10 where the sender is to have the message back.
smtp::Reply insecure(const trust::Verdict& verdict, std::string text);

/// What the message asks for. A notice asks for nothing: rather in clear than lost (RFC 8689 §5).
trust::Wish wish_of(const mail::Envelope& envelope);

}  // namespace outrider::deliver
