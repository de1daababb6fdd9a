#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "outrider/base/text.h"
#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/proof.h"
#include "outrider/tls/resumption.h"

namespace outrider::tls {
namespace {

void tell_protocol(SSL* ssl, TlsFacts& facts) {
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  const long group = SSL_get_negotiated_group(ssl);
  if (group != NID_undef) {
    const char* name = SSL_group_to_name(ssl, static_cast<int>(group));
    if (name) facts.group = name;
  }
  facts.resumed = SSL_session_reused(ssl) == 1;
  facts.kernel = BIO_get_ktls_send(SSL_get_wbio(ssl)) == 1;
  const unsigned char* protocol = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  if (length > 0) facts.alpn = printable({reinterpret_cast<const char*>(protocol), length});
  if (const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    facts.sni = printable(sni);
  }
}

// Who comes with a ticket is who it was given to, for as long as the certificate holds.
// Of one that is known by itself the date is no matter (RFC 7671 §5.1).
long verification_of(SSL* ssl, X509* certificate, PeerProof proof) {
  const long verified = SSL_get_verify_result(ssl);
  if (proof == PeerProof::DaneEe || proof == PeerProof::Pin) return verified;
  const bool over = verified == X509_V_OK && SSL_session_reused(ssl) == 1 &&
                    X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0;
  return over ? X509_V_ERR_CERT_HAS_EXPIRED : verified;
}

// The library tells the name that matched of a full handshake only.
std::string name_of(SSL* ssl, X509* certificate) {
  if (const char* matched = SSL_get0_peername(ssl)) return printable(matched);
  auto expected = name_expected_of(ssl, certificate);
  return expected.empty() ? certificate_name(certificate) : expected;
}

}  // namespace

TlsFacts Session::facts() const {
  TlsFacts facts;
  tell_protocol(ssl_, facts);
  const bool server = SSL_is_server(ssl_);
  if (server && SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE) return facts;
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (!certificate) {
    facts.peer = PeerCheck::NoCertificate;
    return facts;
  }
  facts.peer_name = name_of(ssl_, certificate);
  facts.peer_digest = digest_of(certificate);
  facts.peer_key_digest = key_digest_of(certificate);
  const auto proof = proof_of(ssl_);
  const long verified = verification_of(ssl_, certificate, proof.kind);
  const bool named = server || checks_name_ || proof.kind != PeerProof::None;
  facts.peer = verified == X509_V_OK && named ? PeerCheck::Verified : PeerCheck::Unverified;
  if (facts.peer == PeerCheck::Verified) {
    facts.proof = proof.kind == PeerProof::None ? PeerProof::Ca : proof.kind;
    facts.record = proof.record;
    facts.depth = proof.depth;
  }
  if (verified != X509_V_OK)
    facts.why = X509_verify_cert_error_string(verified);
  else if (!named)
    facts.why = "no name to check";
  return facts;
}

std::vector<CertificateFacts> Session::peer_chain() const {
  std::vector<CertificateFacts> chain;
  if (X509* leaf = SSL_get0_peer_certificate(ssl_)) chain.push_back(facts_of(leaf));
  // A server's view of the chain is without the leaf, a client's with it.
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl_);
  const int count = sent ? sk_X509_num(sent) : 0;
  for (int i = SSL_is_server(ssl_) ? 0 : 1; i < count; ++i) {
    chain.push_back(facts_of(sk_X509_value(sent, i)));
  }
  return chain;
}

}  // namespace outrider::tls
