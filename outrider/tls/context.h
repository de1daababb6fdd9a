// Certificates, contexts and sessions of TLS. OpenSSL is seen in this module alone; other modules
// hold these types and never a header of it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"
#include "outrider/base/tls_facts.h"
#include "outrider/tls/certificate.h"
#include "outrider/tls/parameters.h"
#include "outrider/tls/session_cache.h"
#include "outrider/tls/ticket_keys.h"
#include "outrider/trust/decide.h"

struct ssl_st;
struct ssl_ctx_st;

namespace outrider::tls {

struct KeyPair {
  std::string certificate_file;  ///< PEM, the leaf first, then the chain
  std::string key_file;          ///< PEM; empty: in the certificate's file
};

struct ServerOptions {
  /// The first of each kind of key (RSA, ECDSA, …) is for clients that name nobody or nobody known;
  /// further ones are for the names they carry, chosen by SNI (RFC 6066 §3).
  std::vector<KeyPair> keys;
  Parameters parameters;
  /// Clients are asked for a certificate. None is needed, and an unknown one costs nothing.
  bool ask_client = false;
  std::string client_ca_file;  ///< PEM: whose certificates count as verified; empty: nobody's
  /// Kept over a reload, so that tickets given out before it still resume. Null: of its own.
  std::shared_ptr<TicketKeys> ticket_keys;
  bool web = false;  ///< clients speak HTTP: another protocol by ALPN (RFC 7301)
  /// Tickets of one service are of no use at another, whatever keys they share: a listener's name.
  std::string service;
};

/// For all inbound connections of a listener. Immutable; a reload makes a new one, connections
/// keep theirs. Checks at load that each key fits its certificate, that chains link up, and that
/// each certificate is the one of some name. An expired one is loaded: see expires().
class ServerContext {
 public:
  static Result<std::shared_ptr<const ServerContext>> load(const ServerOptions& options);
  virtual ~ServerContext() = default;
  virtual ssl_ctx_st* native() const = 0;
  /// Loaded leaf certificates, for `check` and the log: subject, names, expiry.
  virtual std::vector<std::string> describe() const = 0;
  /// Whoever asks for the host is shown certificates that name it (RFC 6125), a wildcard counting
  /// as a client would have it.
  virtual bool names(const std::string& host) const = 0;
  virtual Time expires() const = 0;  ///< the first of them
  /// The group list in use, and what the library or the kernel does not have; for the log.
  virtual std::vector<std::string> notes() const = 0;
  /// What an operator should put right: OCSP responses that are missing or not good.
  virtual std::vector<std::string> warnings() const = 0;
};

struct ClientOptions {
  std::string ca_file;         ///< PEM; empty: the system's
  std::optional<KeyPair> key;  ///< to show to servers that ask
  Parameters parameters;
};

class ClientContext {
 public:
  static Result<std::shared_ptr<const ClientContext>> load(const ClientOptions& options);
  virtual ~ClientContext() = default;
  virtual ssl_ctx_st* native() const = 0;
  virtual std::vector<std::string> notes() const = 0;  ///< as ServerContext's
};

/// What a step of a session waits for.
enum class Want { Nothing, Read, Write, Closed, Failed };

/// One TLS connection on a non-blocking socket that somebody else owns. OpenSSL reads the socket
/// itself, so plaintext that came behind STARTTLS in our own buffer cannot get inside.
class Session {
 public:
  /// `fd` must stay open as long as the session lives. `only`: no other version is negotiated, as
  /// `STARTTLS TLS1.2` of draft-hoffman-smtp-ssl §5 asks.
  static Result<Session> server(const ServerContext& context, int fd,
                                std::optional<Version> only = std::nullopt);
  /// Sends `host` as SNI, and checks the peer's names against the verdict. A certificate that does
  /// not verify ends the handshake only where verdict.requires_name(). With verdict.tlsa the
  /// records alone are the judge, `host` being the TLSA base domain, and with verdict.pins the
  /// peer's key; then a handshake without proof ends at every level. No record of use: an error.
  /// With a place in a cache a session of it is resumed, and those that the server gives are put
  /// there. `only`: as above.
  static Result<Session> client(const ClientContext& context, int fd, std::string_view host,
                                const trust::Verdict& verdict, Resumption resumption = {},
                                std::optional<Version> only = std::nullopt);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  struct Step {
    Want want = Want::Nothing;  ///< Nothing: it is done, `bytes` tells how much
    std::size_t bytes = 0;
  };
  Step handshake();
  /// TLS 1.2 and older: asks the peer for another handshake, which goes on with handshake(). For a
  /// probe that wants to see it refused, and for nobody else.
  Step renegotiate();
  Step read(std::span<char> into);
  Step write(std::string_view bytes);
  /// Sends the closing alert, without waiting for the peer's. Nothing is sent after a failure.
  Step shutdown();
  /// Bytes wait inside that no poll of the socket tells of.
  bool has_pending() const;

  TlsFacts facts() const;  ///< after the handshake
  /// The peer's chain as it was sent, leaf first; after the handshake.
  std::vector<CertificateFacts> peer_chain() const;
  std::string error() const;  ///< the library's reason after Want::Failed, printable

 private:
  explicit Session(ssl_st* ssl);
  Step step_for(int returned, std::size_t bytes);

  ssl_st* ssl_ = nullptr;
  bool checks_name_ = false;
  std::string error_;
};

}  // namespace outrider::tls
