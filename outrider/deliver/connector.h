// From a destination to an open conversation: the next hops in their order, their addresses, the
// TLS that trust::decide asks for. RFC 5321 §5.1; RFC 3207 §4.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "outrider/deliver/connection.h"
#include "outrider/deliver/dead_hosts.h"
#include "outrider/deliver/next_hop.h"
#include "outrider/deliver/outlook.h"
#include "outrider/deliver/site.h"

namespace outrider::deliver {

/// A connection that is ready for a transaction, or why there is none.
struct Reached {
  std::unique_ptr<Connection> connection;
  smtp::Reply reply;
  bool ours = true;             ///< the words are not a server's
  std::string remote;           ///< who said them, or was tried
  std::string level;            ///< of TLS, where a host was tried
  std::string rule;             ///< the deciding reason of the level
  bool permanent = false;       ///< mail for this destination fails
  bool by_policy = false;       ///< for want of security alone
  std::optional<Steady> retry;  ///< all hosts are known to be dead until then
  /// A host's TLS is gone, and mail does not go in clear before this.
  std::optional<Steady> held_until;
};

/// What makes an attempt different from the usual one.
struct Haste {
  bool insists = false;  ///< dead hosts are tried, too
  bool asked = false;    ///< for now, by an operator: a pause is no reason to rest
  bool last = false;     ///< its time is over: there is no more waiting for TLS to come back
  trust::Wish wish = trust::Wish::Nothing;  ///< of the message
};

/// Of one I/O thread.
class Connector {
 public:
  Connector(std::shared_ptr<Site> site, net::IoThread& thread, OpenConnections& open);

  awaitable<Reached> connect(Destination destination, ClientTls tls, Haste haste);
  /// Whether a message with this wish may go by a connection that was made before, by what was
  /// known then.
  bool fits(const Connection& connection, trust::Wish wish) const;
  /// The same where fits() does not tell: what is demanded of the host now is what was then.
  awaitable<bool> still_fits(Connection& connection, Destination destination, trust::Wish wish);

 private:
  bool is_missed(const Connection& connection) const;
  /// One address, and what is asked of it.
  struct Target {
    Route::Kind kind = Route::Kind::Mx;
    std::string host;                  ///< for the certificate
    std::string remote;                ///< for the log
    std::optional<Endpoint> endpoint;  ///< nothing: the Unix socket
    std::string socket;
    std::string place;     ///< `mx.example:25`: whose TLS is remembered
    std::string domain;    ///< as the ledger knows it
    std::string sessions;  ///< key of those that may be resumed
    trust::Verdict verdict;
    Steady until{};                          ///< the verdict's facts may be believed
    std::string_view dane, sts;              ///< what is published, in a word
    std::shared_ptr<const Outlook> counted;  ///< null: no report tells of its sessions
    ClientTls tls;
    smtp::StartTlsForm form = smtp::StartTlsForm::Rfc3207;
    Haste haste;
    unsigned generation = 0;  ///< of the site's ways
  };
  struct Refusal {
    /// Handshake: it failed, and the connection is over. NoTls: it is demanded and not there.
    /// Barred: not to be tried, or not secure enough in another way.
    enum class Kind { Dead, Unreachable, Refused, Handshake, NoTls, Held, Barred };
    Kind kind = Kind::Unreachable;
    smtp::Reply reply;
    bool ours = true;
    Time until{};  ///< of Held
    bool is_final() const { return reply.code == 521 || (ours && reply.permanent()); }
  };
  using Try = std::expected<std::unique_ptr<Connection>, Refusal>;

  trust::Verdict verdict(trust::Facts facts, const Target& target) const;
  awaitable<void> set_host(Target& target, const Destination& destination, const Host& host);
  static Reached reached_by(std::unique_ptr<Connection> connection, const Target& target);
  awaitable<Reached> connect_to(Target target, const Hosts& hosts, const Destination& destination);
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
  Refusal refusal(const smtp::Broken& broken, const Target& target, bool behind_tls) const;
  Refusal without_tls(const Target& target, std::string_view why) const;
  static Refusal without_extension(const Target& target);

  // connector_past.cc
  trust::Sighting sighting(const Target& target) const;
  void note_tls(const Target& target, const TlsFacts& facts, bool requiretls);
  std::optional<Refusal> miss(const Target& target, std::string_view why, bool handshake);
  void raise(policy::Alarm::Kind kind, const Target& target, std::string_view why) const;
  void tell_obstacle(const Target& target) const;
  void count_obstacle(const Target& target) const;
  void count(const Target& target, const Try& tried) const;
  void tell_broken_promise(const Target& target, std::string_view why) const;

  std::shared_ptr<Site> site_;
  net::IoThread& thread_;
  OpenConnections& open_;
  DeadHosts dead_;
};

}  // namespace outrider::deliver
