// What a listener or a destination settles about the TLS protocol. The defaults are the safe ones:
// TLS 1.2 and 1.3, AEAD with forward secrecy, a hybrid post-quantum group where the library has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "outrider/base/result.h"

namespace outrider::tls {

/// TLS 1.0 and 1.1 are gone (RFC 8996): they are for peers that an operator names, and nobody else.
enum class Version { Tls10, Tls11, Tls12, Tls13 };

std::string_view name(Version version);               ///< `TLSv1.2`, as the library says it
const Version* version_named(std::string_view text);  ///< `1.2`; null: no such version

struct Parameters {
  Version least = Version::Tls12;
  Version most = Version::Tls13;
  // Lists as OpenSSL writes them, strongest first, between colons. Empty: ours.
  std::string groups;      ///< key exchange
  std::string suites;      ///< of TLS 1.3
  std::string ciphers;     ///< of TLS 1.2 and older
  std::string signatures;  ///< signature algorithms
  bool tickets = true;     ///< resumption, which some peers break on
  std::size_t padding =
      0;  ///< TLS 1.3 records are filled up to a multiple of it; 0: not, at most 16384
  bool kernel = false;  ///< records are encrypted by the kernel, where it can

  bool operator==(const Parameters&) const = default;
};

enum class List { Groups, Suites, Ciphers, Signatures };

/// Whether the library knows every item of a list; the error names the first that it does not.
/// Ciphers without encryption or without authentication are refused, too.
Result<void> check(List list, std::string_view items);

}  // namespace outrider::tls
