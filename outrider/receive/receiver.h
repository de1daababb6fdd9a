// Takes mail in: listeners, and one coroutine a connection on the connection's own I/O thread.
// The protocol is smtp::ServerSession's, what is kept is the queue's; here are limits, policy and
// the moving of bytes.
//
// RFC 5321 §4.5.3 (limits, time), §6.3 (loops), §7.8 (resistance); RFC 3207, RFC 8314, RFC 2033.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/log.h"
#include "outrider/base/result.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/listener.h"
#include "outrider/queue/queue.h"
#include "outrider/receive/options.h"

namespace outrider::dns {
class Resolver;
}

namespace outrider::receive {

struct ReceiverCounts {
  std::size_t connections = 0;    ///< open now
  std::uint64_t total = 0;        ///< since the start
  std::uint64_t turned_away = 0;  ///< for a limit of connections
  std::uint64_t messages = 0;     ///< answered with 250
};

/// Queue, resolver, threads and log outlive it. Safe to use from the main thread only; counts()
/// from any.
///
///     receive::Receiver receiver(options, *queue, resolver.get(), threads, log);
///     receiver.add_listener("smtp", std::move(listener));
///     receiver.start();
///     …
///     receiver.stop(20s);
class Receiver {
 public:
  /// `resolver` may be null: then names of clients are never looked up.
  Receiver(Options options, queue::Queue& queue, dns::Resolver* resolver,
           std::vector<net::IoThread*> threads, Log& log);
  /// Closes what is still open, without waiting.
  ~Receiver();
  /// Before start(): who is asked about recipients of messages with REQUIRETLS.
  void set_forecast(Forecast forecast);
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// `name` is that of a ListenerOptions. Bound already; accepts from start() on.
  Result<void> add_listener(std::string name, std::unique_ptr<net::Listener> listener);

  void start();

  /// Drains, and returns when no connection is left or `bound` has passed; not to be called on an
  /// I/O thread. No new connections; idle clients hear 421 4.3.2 at once, others at the end of
  /// their transaction; what is open after `bound` is closed. Nothing that was answered with 250
  /// is lost by it.
  void stop(Duration bound);

  /// For connections that come from now on. Fails, with nothing changed, where a listener that is
  /// open has no options under its name any more.
  Result<void> reload(Options options);

  ReceiverCounts counts() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace outrider::receive
