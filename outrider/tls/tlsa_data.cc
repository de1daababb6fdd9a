#include "outrider/tls/tlsa_data.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "outrider/tls/crypto.h"

namespace outrider::tls {

bool is_readable(const Tlsa& record) {
  if (record.matching != 0) return true;
  const auto* bytes = reinterpret_cast<const unsigned char*>(record.data.data());
  const auto* end = bytes + record.data.size();
  const auto size = static_cast<long>(record.data.size());
  bool has_key = false;
  if (record.selector == 0) {
    const CertificatePtr certificate(d2i_X509(nullptr, &bytes, size));
    has_key = certificate && X509_get0_pubkey(certificate.get()) != nullptr;
  } else {
    const KeyPtr key(d2i_PUBKEY(nullptr, &bytes, size));
    has_key = key != nullptr;
  }
  ERR_clear_error();
  return has_key && bytes == end;
}

}  // namespace outrider::tls
