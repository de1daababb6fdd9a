// A ClientHello written byte by byte, and what a server answers to it: for questions that a TLS
// library of today does not ask any more (SSL 3.0, weak suites, compression), or cannot ask yet (a
// group that it does not have). RFC 8446 §4.1, RFC 5246 §7.4.1. The handshake goes no further.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::app::probe {

constexpr std::uint16_t ssl30 = 0x0300, tls10 = 0x0301, tls11 = 0x0302, tls12 = 0x0303,
                        tls13 = 0x0304;
constexpr std::uint16_t x25519_mlkem768 = 0x11ec;
constexpr std::uint16_t fallback_scsv = 0x5600;  ///< RFC 7507

struct Hello {
  std::uint16_t version = tls12;  ///< the newest that is offered
  std::vector<std::uint16_t> suites;
  /// In TLS 1.3 no key is sent with them, so that the server has to say which it wants
  /// (RFC 8446 §4.2.8).
  std::vector<std::uint16_t> groups = {0x001d, 0x0017, 0x0018};  // X25519, P-256, P-384
  std::vector<std::string> alpn;
  std::string host;         ///< for SNI (RFC 6066 §3); empty: none
  bool deflate = false;     ///< offers compression
  bool grease = false;      ///< RFC 8701: with values that nobody knows, and all must ignore
  bool extensions = true;   ///< SSL 3.0 knew none
  std::string random = {};  ///< 32 bytes; empty: of the system
};

/// In one record.
std::string client_hello(const Hello& hello);

/// The same in the form of SSL 2.0 (RFC 5246 §E.2), which has no extensions.
std::string client_hello_v2(const Hello& hello);

/// Suites that belong together.
std::vector<std::uint16_t> suites_of_tls13();
std::vector<std::uint16_t> suites_aead();       ///< of TLS 1.2, with forward secrecy
std::vector<std::uint16_t> suites_cbc();        ///< with forward secrecy
std::vector<std::uint16_t> suites_static();     ///< RSA key transport, AES
std::vector<std::uint16_t> suites_anonymous();  ///< no certificate at all
std::vector<std::uint16_t> suites_broken();     ///< NULL, export, RC4, DES, 3DES

struct HelloAnswer {
  enum class Kind { ServerHello, Retry, Alert, Closed, NoTls, NotAsked } kind = Kind::Closed;
  std::uint16_t version = 0;
  std::uint16_t suite = 0;
  std::uint16_t group = 0;  ///< of TLS 1.3
  std::uint8_t alert = 0;   ///< RFC 8446 §6
  std::uint8_t compression = 0;
  std::optional<std::string> alpn;
  bool secure_renegotiation = false;    ///< RFC 5746
  bool extended_master_secret = false;  ///< RFC 7627
  bool downgraded = false;              ///< the mark of RFC 8446 §4.1.3
  std::string why;                      ///< of Closed, NoTls and NotAsked

  bool agreed() const { return kind == Kind::ServerHello || kind == Kind::Retry; }
  std::string text() const;  ///< `TLSv1.2, suite 0xc030`, `alert 40 (handshake_failure)`
};

/// Nothing: more bytes are needed.
std::optional<HelloAnswer> parse_answer(std::string_view bytes);

std::string version_name(std::uint16_t version);
std::string suite_name(std::uint16_t suite);  ///< IANA's for those above, else `0x1234`
std::string group_name(std::uint16_t group);

}  // namespace outrider::app::probe
