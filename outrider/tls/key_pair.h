// A certificate with its chain and its key, read from files and checked. Within this module only.
#pragma once

#include <string>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"
#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"

namespace outrider::tls {

struct LoadedPair {
  CertificatePtr leaf;
  ChainPtr chain;  ///< without the leaf
  KeyPtr key;
  int kind = 0;                    ///< of the key: EVP_PKEY_RSA, EVP_PKEY_EC, …
  std::vector<std::string> names;  ///< of the DNS, lower-case, perhaps with `*.`
  std::string file;                ///< of the certificate
  std::string staple;              ///< a current OCSP response in DER, or empty
  Time staple_until;
  std::vector<std::string> warnings;  ///< what an operator should know of it
};

/// The key fits, the chain links up, and `<file>.ocsp` is about it where there is one.
Result<LoadedPair> load_pair(const KeyPair& pair);

/// A PEM file, as a BIO; the error names it.
Result<BioPtr> open_pem(const std::string& file);

}  // namespace outrider::tls
