// What is known of a TLS connection, as the log, the Received field and the policy use it.
#pragma once

#include <string>
#include <string_view>

namespace outrider {

/// How sure we are of who is at the other end.
enum class PeerCheck { None, NoCertificate, Unverified, Verified };

/// What a Verified peer is verified by: an authority, a TLSA record of an authority (usage 2) or of
/// its own certificate (usage 3), or a public key that was pinned.
enum class PeerProof { None, Ca, DaneTa, DaneEe, Pin };

std::string_view name(PeerProof proof);  ///< `ca`, `dane-ta`, …; empty: none

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
  PeerProof proof = PeerProof::None;
  std::string record;  ///< the kind of the TLSA record that matched: `3 1 1`
  int depth = -1;      ///< of the certificate that it matched, 0 being the peer's; -1: none

  bool operator==(const TlsFacts&) const = default;
  /// The log's form: `TLSv1.3/TLS_AES_256_GCM_SHA384/X25519/verified`, a proof other than `ca` as
  /// `/verified:dane-ee`, and behind it `/resumed` and `/ktls` where it is so.
  std::string text() const;
};

}  // namespace outrider
