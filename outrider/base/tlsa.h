// A TLSA record: what a certificate at a name must match (RFC 6698 §2.1).
#pragma once

#include <cstdint>
#include <string>

namespace outrider {

/// The numbers as they came; what they mean, and whether they are of use, is judged by `trust`.
struct Tlsa {
  std::uint8_t usage = 0;  ///< 3: DANE-EE, 2: DANE-TA; of SMTP no other is of use (RFC 7672 §3.1)
  std::uint8_t selector = 0;  ///< 0: the certificate, 1: its public key
  std::uint8_t matching = 0;  ///< 0: all of it, 1: SHA-256, 2: SHA-512
  std::string data;           ///< bytes

  auto operator<=>(const Tlsa&) const = default;
};

}  // namespace outrider
