// TLSA records of our own certificates, for an operator to publish (RFC 7671, RFC 7672 §3.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "outrider/base/result.h"
#include "outrider/base/tlsa.h"
#include "outrider/tls/context.h"

namespace outrider::tls {

struct TlsaKind {
  std::uint8_t usage = 3;     ///< 3: the certificate itself, 2: an issuer of it
  std::uint8_t selector = 1;  ///< 0: the certificate, 1: its public key
  std::uint8_t matching = 1;  ///< 0: all of it, 1: SHA-256, 2: SHA-512
};

/// The record for certificate `depth` of the pair's file, 0 being the leaf, 1 its issuer. The key
/// is not read. An error where the file has no such certificate, or the kind is of no use to SMTP.
Result<Tlsa> tlsa_of(const KeyPair& pair, const TlsaKind& kind, std::size_t depth);
/// Usage 3: of the leaf; usage 2: of the leaf's issuer.
Result<Tlsa> tlsa_of(const KeyPair& pair, const TlsaKind& kind = {});

}  // namespace outrider::tls
