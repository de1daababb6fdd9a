// The two forms of STARTTLS, and the words of the older one: RFC 3207, draft-hoffman-smtp-ssl-00.
#pragma once

#include <string>
#include <vector>

namespace outrider::smtp {

/// How TLS is announced and asked for.
enum class StartTlsForm {
  Rfc3207,       ///< keyword STARTTLS, command without parameter
  DraftHoffman,  ///< keyword TLS with tokens, `STARTTLS token`: draft-hoffman-smtp-ssl-00 of 1997
  Both
};

/// The tokens that a client asks for one after the other, until one is not answered with 504:
/// those of `known` (best first) that the server lists; all of them where it lists none (§6, second
/// example). SSL3.0 is never among them (RFC 7568), whoever lists it.
std::vector<std::string> tokens_to_ask(const std::vector<std::string>& listed,
                                       const std::vector<std::string>& known);

}  // namespace outrider::smtp
