// One session of a source: a connection after the other, each with its messages. It lives on one
// I/O thread. Within this module only.
#pragma once

#include <memory>
#include <optional>

#include "outrider/bench/source.h"
#include "outrider/deliver/connection.h"

namespace outrider::bench {

using net::awaitable;

/// What the sessions of a run have in common.
struct Load {
  std::uint64_t run = 0;
  std::shared_ptr<const tls::ClientContext> context;  ///< null: no TLS
  std::shared_ptr<tls::SessionCache> sessions;        ///< null: none is resumed
};

class Giver {
 public:
  /// All of them outlive it. What comes of its work is added to `result`.
  Giver(const SourceOptions& options, const Load& load, net::IoThread& thread,
        SourceResult& result);

  /// A new connection that has been greeted, and secured where that is wanted.
  awaitable<bool> open(std::optional<IpAddress> source);
  bool can_send() const;
  /// Latencies count from `due`, or else from now.
  awaitable<void> send(std::uint64_t number, std::optional<Steady> due);
  awaitable<void> close();
  /// open() and close(), timed as one.
  awaitable<void> greet(std::optional<Steady> due);

  SourceResult& result;

 private:
  awaitable<bool> reach_ready();
  awaitable<bool> secure();
  awaitable<bool> give_content(std::uint64_t number);
  smtp::Transaction transaction(std::uint64_t number) const;
  Address recipient(std::uint64_t number, std::size_t index) const;
  void fail(const std::string& why);
  void take_results(const smtp::Done& done);
  void note_latency(Steady since);

  const SourceOptions& options_;
  const Load& load_;
  net::IoThread& thread_;
  smtp::ClientOptions client_;
  Address from_, to_;
  std::uint64_t content_ = 0;  ///< bytes of it in this message
  deliver::OpenConnections open_;
  std::unique_ptr<deliver::Connection> connection_;
};

}  // namespace outrider::bench
