// What a handshake came to, looked at before anything is said inside it: RFC 3207 §4.1,
// draft-hoffman-smtp-ssl §7. The library keeps to its settings; this is the second look.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/tls_facts.h"
#include "outrider/trust/decide.h"

namespace outrider::trust {

/// Why it is not enough: no privacy, a version older than `least` (as the library says it:
/// `TLSv1.2`), or a peer that is not who the verdict demands. Empty: it is enough.
std::string shortfall(const TlsFacts& facts, const Verdict& verdict, std::string_view least);

}  // namespace outrider::trust
