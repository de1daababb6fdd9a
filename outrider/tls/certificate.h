// What a certificate says, as values, for `check`, the probe, the log and the ledger.
#pragma once

#include <string>
#include <vector>

#include "outrider/base/clock.h"

namespace outrider::tls {

/// All strings are bounded and printable.
struct CertificateFacts {
  std::string subject;  ///< RFC 2253
  std::string issuer;
  std::vector<std::string> names;  ///< of the DNS, at most 20
  Time from;
  Time until;
  std::string key;           ///< `EC P-256`, `RSA 2048`
  std::string signature;     ///< `ecdsa-with-SHA256`
  std::string digest;        ///< SHA-256 of the certificate, lower-case hex
  std::string key_digest;    ///< SHA-256 of its public key (SPKI), lower-case hex
  bool must_staple = false;  ///< RFC 7633
  bool self_issued = false;
};

}  // namespace outrider::tls
