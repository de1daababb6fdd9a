// Gives mail: takes what is due from the queue, to the next hop or into a mailbox, and records what
// became of each recipient, with the notices that follow from it.
//
// A destination belongs to one I/O thread (the queue's shard), so that its connections and its
// window of concurrency need no lock. Protocol is smtp::ClientSession's, TLS is decided by
// trust::decide, next hops are found by next_hop.h; here bytes are moved.
//
// RFC 5321 §4.5.4 (queuing), §5.1 (next hops), §6.1 (reliable delivery); RFC 2033; RFC 3461.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/log.h"
#include "outrider/deliver/explain.h"
#include "outrider/deliver/options.h"
#include "outrider/deliver/routes.h"
#include "outrider/deliver/tls_profile.h"
#include "outrider/net/io_thread.h"
#include "outrider/queue/queue.h"

namespace outrider::dns {
class Resolver;
}

namespace outrider::deliver {

struct DelivererCounts {
  std::size_t running = 0;      ///< deliveries now
  std::size_t idle = 0;         ///< connections that wait for the next message
  std::uint64_t connected = 0;  ///< connections that were made since the start
  std::uint64_t sent = 0;       ///< recipients
  std::uint64_t deferred = 0;
  std::uint64_t bounced = 0;     ///< refused for good, or expired
  std::uint64_t resumed = 0;     ///< TLS sessions
  std::uint64_t tls_alarms = 0;  ///< of all kinds, once an hour for each host
};

/// Queue, resolver, threads, log and services outlive it; the threads are destroyed before the
/// queue, since what was abandoned holds claims. Shard n of the queue is threads[n]. Safe to use
/// from the main thread only; counts() from any.
///
///     deliver::Deliverer deliverer(options, routes, *queue, *resolver, tls, threads, log);
///     deliverer.start();
///     …
///     deliverer.stop(20s);
class Deliverer {
 public:
  /// Without a context in `tls` no connection uses TLS, and levels that demand it wait.
  Deliverer(Options options, std::shared_ptr<const Routes> routes, queue::Queue& queue,
            dns::Resolver& resolver, TlsContexts tls, std::vector<net::IoThread*> threads, Log& log,
            Services services = {});
  /// Abandons what still runs.
  ~Deliverer();
  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  void start();

  /// Drains, and returns when no delivery runs or `bound` has passed; not to be called on an I/O
  /// thread. Nothing new is begun; idle connections end with QUIT; what still runs after `bound`
  /// is cut off and stays in the queue.
  void stop(Duration bound);

  /// For deliveries that begin from now on. Destinations that are in the queue already keep their
  /// keys; without a context in `tls`: as it was.
  void reload(std::shared_ptr<const Routes> routes, TlsContexts tls = {});

  DelivererCounts counts() const;

  /// The decision a delivery would take now; from any I/O thread.
  boost::asio::awaitable<Explanation> explain(Address recipient, trust::Wish wish) const;
  /// The reply to RCPT where the message asks for REQUIRETLS, and the DNS and the ledger tell
  /// already that no host of the destination can have it (RFC 8689 §4.2.1); nothing: it may go.
  boost::asio::awaitable<std::optional<smtp::Reply>> forecast(Address recipient) const;
  /// Where mail for an address, or with an empty local-part for a domain, goes now.
  Destination destination(const Address& recipient) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outrider::deliver
