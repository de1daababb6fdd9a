// What is known of a TLS connection, as the log, the Received field and the policy use it.
#pragma once

#include <string>

namespace outrider {

/// How sure we are of who is at the other end.
enum class PeerCheck { None, NoCertificate, Unverified, Verified };

/// Facts of one finished handshake. Strings are OpenSSL's names, printable ASCII.
struct TlsFacts {
  std::string version;  ///< `TLSv1.3`
  std::string cipher;   ///< `TLS_AES_256_GCM_SHA384`
  std::string group;    ///< `X25519`; empty where the library does not tell
  bool resumed = false;
  bool kernel = false;  ///< the kernel encrypts
  std::string alpn;     ///< the protocol that was agreed on; empty: none
  std::string sni;      ///< the name the client asked for
  PeerCheck peer = PeerCheck::None;
  std::string peer_name;    ///< subject or name of the peer's certificate, bounded and printable
  std::string peer_digest;  ///< SHA-256 of the peer's certificate, lower-case hex
  std::string peer_key_digest;  ///< SHA-256 of its public key, lower-case hex
  std::string why;              ///< the library's reason where peer is Unverified

  bool operator==(const TlsFacts&) const = default;
  /// The log's form: `TLSv1.3/TLS_AES_256_GCM_SHA384/X25519/verified`, and behind it `/resumed` and
  /// `/ktls` where it is so.
  std::string text() const;
};

}  // namespace outrider
