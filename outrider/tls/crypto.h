// Owners of OpenSSL's objects, and its queue of errors as text. Within this module only.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/tls/certificate.h"

namespace outrider::tls {

template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* object) const {
    Release(object);
  }
};

using ContextPtr = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Releaser<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Releaser<SSL_SESSION_free>>;

/// RFC 9525 §6: wildcards are whole labels (§6.3), and a common name is no name (§2).
constexpr unsigned host_check_flags =
    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

/// The oldest waiting error, which is the cause of the others, printable; empties the queue.
std::string take_openssl_error();

inline void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }
using ChainPtr = std::unique_ptr<STACK_OF(X509), Releaser<free_chain>>;

CertificateFacts facts_of(X509* certificate);
/// SHA-256 as lower-case hex: of the certificate, of bytes, of its public key (SPKI).
std::string digest_of(X509* certificate);
std::string digest_of(std::string_view bytes);
std::string key_digest_of(X509* certificate);

/// `CN=mx.example.org for mx.example.org, example.org, until Nov 23 02:00:00 2027 GMT`.
std::string describe_certificate(X509* certificate);
/// DNS names of the certificate, printable.
std::vector<std::string> dns_names(X509* certificate, std::size_t limit);
bool must_staple(X509* certificate);  ///< RFC 7633
Time expiry_of(X509* certificate);
/// The first DNS name, or else the subject; bounded and printable.
std::string certificate_name(X509* certificate);

}  // namespace outrider::tls
