// What a session is in a TLS report: under which policy it was, and whether it reached what that
// asks for. RFC 8460 §4.3.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/tls_facts.h"
#include "outrider/deliver/outlook.h"
#include "outrider/report/tally.h"

namespace outrider::deliver {

/// `tls` null: there was none, and `words` say why, or the host was not tried at all. The domain is
/// the outlook's destination. Without a policy, and so not counted, where what the words tell of is
/// a demand of our own (a route's, or the message's) and none of the domain's.
report::Session session_report(const Outlook& outlook, const TlsFacts* tls, std::string_view words,
                               Time when);

/// The result type that the TLS library's words come to, or ours about STARTTLS.
std::string_view result_type(std::string_view words);

}  // namespace outrider::deliver
