// OCSP responses beside certificates (RFC 6066 §8): `mx.pem.ocsp` for `mx.pem`. Another program
// fetches them; here they are checked and handed to clients that ask. Within this module only.
#pragma once

#include <openssl/ssl.h>

#include "outrider/tls/key_pair.h"

namespace outrider::tls {

/// Takes the response beside the pair's certificate where it is current, signed by the issuer and
/// about this certificate; else a note says what is wrong with it.
void load_staple(LoadedPair& pair);

/// Hands the pair's response to the client of this handshake, while it is current.
int staple(SSL* ssl, const LoadedPair& pair, Time now);

}  // namespace outrider::tls
