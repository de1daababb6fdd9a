#include "outrider/tls/crypto.h"

#include <openssl/err.h>

#include "outrider/base/text.h"

namespace outrider::tls {
namespace {

// AEAD with forward secrecy only; the suites of TLS 1.3 are all of that kind.
constexpr auto* tls12_suites =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

// The first list that the library knows is taken: OpenSSL before 3.5 has no hybrid group.
constexpr const char* group_lists[] = {"X25519MLKEM768:X25519:P-256:P-384", "X25519:P-256:P-384"};

bool choose_groups(SSL_CTX* context) {
  for (const auto* list : group_lists) {
    if (SSL_CTX_set1_groups_list(context, list) == 1) {
      ERR_clear_error();
      return true;
    }
  }
  return false;
}

}  // namespace

std::string take_openssl_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  if (const char* reason = ERR_reason_error_string(code)) return printable(reason);
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return printable(text);
}

bool harden(SSL_CTX* context, int least_version) {
  // RFC 8996: TLS 1.0 and 1.1 are gone. No renegotiation and no compression: each was an attack.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return SSL_CTX_set_min_proto_version(context, least_version) == 1 &&
         SSL_CTX_set_cipher_list(context, tls12_suites) == 1 && choose_groups(context);
}

}  // namespace outrider::tls
