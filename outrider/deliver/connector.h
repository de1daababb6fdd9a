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
};

/// Of hosts that were dead a short while ago.
enum class Memory { Trusted, Ignored };

/// Of one I/O thread.
class Connector {
 public:
  Connector(std::shared_ptr<Site> site, net::IoThread& thread, OpenConnections& open);

  awaitable<Reached> connect(Destination destination, std::shared_ptr<const tls::ClientContext> tls,
                             Memory memory = Memory::Trusted);

 private:
  /// One address, and what is asked of it.
  struct Target {
    Route::Kind kind = Route::Kind::Mx;
    std::string host;                  ///< for the certificate
    std::string remote;                ///< for the log
    std::optional<Endpoint> endpoint;  ///< nothing: the Unix socket
    std::string socket;
    trust::Verdict verdict;
    std::shared_ptr<const tls::ClientContext> tls;
    Memory memory = Memory::Trusted;
  };
  struct Refusal {
    enum class Kind { Dead, Unreachable, Refused, Handshake };
    Kind kind = Kind::Unreachable;
    smtp::Reply reply;
    bool ours = true;
  };
  using Try = std::expected<std::unique_ptr<Connection>, Refusal>;

  trust::Verdict verdict(const Destination& destination, const std::string& host) const;
  static Reached reached_by(std::unique_ptr<Connection> connection, const Target& target);
  awaitable<Reached> connect_to(Target target, const std::vector<Host>& hosts,
                                const Destination& destination);
  awaitable<Try> try_target(Target target);
  awaitable<Try> try_once(const Target& target, bool offer_tls);
  awaitable<Try> dial(const Target& target);
  awaitable<std::optional<Refusal>> greet(Connection& connection, const Target& target,
                                          bool offer_tls);
  awaitable<std::optional<Refusal>> secure(Connection& connection, const Target& target);
  Refusal refusal(const smtp::Broken& broken, const Target& target, bool behind_tls) const;
  Refusal without_tls(const Target& target, std::string_view why) const;

  std::shared_ptr<Site> site_;
  net::IoThread& thread_;
  OpenConnections& open_;
  DeadHosts dead_;
};

}  // namespace outrider::deliver
