// How a client is sure of a server: by authorities, by TLSA records of its DNS (DANE, RFC 7672), or
// by public keys that are known. Within this module only.
//
// DANE is OpenSSL's: with records no authority counts but those that a record names. Usage 3 asks
// for nothing but the match, neither names nor dates (RFC 7671 §5.1); usage 2 asks for both. With
// several digests of one usage and selector the strongest decides (RFC 7671 §9).
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "outrider/base/result.h"
#include "outrider/base/tls_facts.h"
#include "outrider/trust/decide.h"

namespace outrider::tls {

/// What a finished handshake has shown, kept with its sessions.
struct Proof {
  std::string demand;  ///< demand_digest(): what it was shown for
  PeerProof kind = PeerProof::None;
  std::string record;  ///< `3 1 1`
  int depth = -1;
};

/// The context can do DANE, and its sessions are verified by what they expect.
/// False: the library has not the digests, or no memory.
bool verify_by_proof(SSL_CTX* context);

/// This session expects what the verdict demands, at the TLSA base domain `host`. Before names are
/// expected, as DANE sets its own. An error where no record is of use.
Result<void> expect_proof(SSL* ssl, std::string_view host, const trust::Verdict& verdict);

/// Whether somebody other than an authority is the judge.
bool is_special(const trust::Verdict& verdict);

/// After a handshake with a certificate that verified; of a resumed session: what was shown then.
Proof proof_of(SSL* ssl);
/// Keeps it with a session, whose copies have it as well. False: no memory.
bool keep_proof(SSL_SESSION* session, Proof proof);
/// What was kept, or null.
const Proof* kept_proof(const SSL_SESSION* session);

/// Why the certificate was refused, for people; empty: it was not, or the library's word is enough.
std::string refusal_of(const SSL* ssl);

}  // namespace outrider::tls
