// From a destination to an open conversation: the next hops in their order, their addresses, the
// TLS that trust::decide asks for. RFC 5321 §5.1; RFC 3207 §4.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "outrider/deliver/connection.h"
#include "outrider/deliver/dead_hosts.h"
#include "outrider/deliver/site.h"
#include "outrider/trust/tls_past.h"

namespace outrider::deliver {

/// A connection that is ready for a transaction, or why there is none.
struct Reached {
  std::unique_ptr<Connection> connection;
  smtp::Reply reply;
  bool ours = true;             ///< the words are not a server's
  std::string remote;           ///< who said them, or was tried
  std::string level;            ///< of TLS, where a host was tried
  bool permanent = false;       ///< mail for this destination fails
  std::optional<Steady> retry;  ///< all hosts are known to be dead until then
  /// A host's TLS is gone, and mail does not go in clear before this.
  std::optional<Steady> held_until;
};

/// What makes an attempt different from the usual one.
struct Haste {
  bool insists = false;  ///< dead hosts are tried, too
  bool asked = false;    ///< by an operator: TLS that is gone is accepted, for good
  bool last = false;     ///< the lifetime is over: there is no more waiting for TLS to come back
};

/// Of one I/O thread.
class Connector {
 public:
  Connector(std::shared_ptr<Site> site, net::IoThread& thread, OpenConnections& open);

  awaitable<Reached> connect(Destination destination, ClientTls tls, Haste haste);

 private:
  /// One address, and what is asked of it.
  struct Target {
    Route::Kind kind = Route::Kind::Mx;
    std::string host;                  ///< for the certificate
    std::string remote;                ///< for the log
    std::optional<Endpoint> endpoint;  ///< nothing: the Unix socket
    std::string socket;
    std::string place;     ///< `mx.example:25`: whose TLS is remembered
    std::string domain;    ///< of the mail, or the next hop that was named
    std::string sessions;  ///< key of those that may be resumed
    trust::Verdict verdict;
    ClientTls tls;
    smtp::StartTlsForm form = smtp::StartTlsForm::Rfc3207;
    Haste haste;
  };
  struct Refusal {
    /// Handshake: it failed, and the connection is over. NoTls: it is demanded and not there.
    enum class Kind { Dead, Unreachable, Refused, Handshake, NoTls, Held };
    Kind kind = Kind::Unreachable;
    smtp::Reply reply;
    bool ours = true;
    Time until{};  ///< of Held
  };
  using Try = std::expected<std::unique_ptr<Connection>, Refusal>;

  trust::Verdict verdict(const Destination& destination, const std::string& host) const;
  static Reached reached_by(std::unique_ptr<Connection> connection, const Target& target);
  awaitable<Reached> connect_to(Target target, const std::vector<Host>& hosts,
                                const Destination& destination);
  awaitable<Try> try_target(Target target);
  awaitable<Try> try_secured(const Target& target);
  awaitable<Try> try_once(const Target& target, bool offer_tls);
  awaitable<Try> dial(const Target& target);

  // connector_tls.cc
  awaitable<std::optional<Refusal>> greet(Connection& connection, const Target& target,
                                          bool offer_tls);
  static bool start_tls(smtp::ClientSession& session, const Target& target);
  awaitable<std::optional<Refusal>> secure(Connection& connection, const Target& target,
                                           std::string token);
  awaitable<Refusal> leave(Connection& connection, const Target& target, std::string why);
  std::optional<Refusal> miss(const Target& target, std::string_view why);
  Refusal refusal(const smtp::Broken& broken, const Target& target, bool behind_tls) const;
  Refusal without_tls(const Target& target, std::string_view why) const;

  std::shared_ptr<Site> site_;
  net::IoThread& thread_;
  OpenConnections& open_;
  DeadHosts dead_;
  trust::TlsPast past_;
};

}  // namespace outrider::deliver
