// A client's sessions: which may be resumed, and what becomes of those that a server gives.
// Within this module only.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "outrider/tls/session_cache.h"
#include "outrider/trust/decide.h"

namespace outrider::tls {

/// Sessions that servers give to connections of this context go to the cache of the connection.
void keep_sessions(SSL_CTX* context);

/// Offers a session that was kept for the same place, context and policy, and will keep others
/// there. False: out of memory.
bool resume(SSL* ssl, Resumption place, const trust::Verdict& verdict);

/// After a handshake: keeps the new ticket that a server of TLS 1.2 gave a resumed session.
void keep_renewed(SSL* ssl);

/// The first of the names this session expects that the certificate carries, as it carries it.
std::string name_expected_of(SSL* ssl, X509* certificate);

}  // namespace outrider::tls
