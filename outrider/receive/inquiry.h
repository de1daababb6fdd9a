// VRFY and EXPN out of the real tables of users and aliases, for listeners that answer them.
// RFC 5321 §3.5; §7.3 says why most should not.
#pragma once

#include <string_view>

#include "outrider/receive/recipients.h"
#include "outrider/smtp/reply.h"

namespace outrider::receive {

/// `text` is a user's name or a mailbox, with or without angle brackets. 250 with the mailbox; 553
/// with the candidates where a name fits several domains; 550 where nobody has it; 252 where that
/// is not for this server to say.
smtp::Reply verify(const LocalDomains& domains, std::string_view text);

/// 250 with a line for each member; 550 where it is no list, or nobody.
smtp::Reply expand(const LocalDomains& domains, std::string_view text);

}  // namespace outrider::receive
