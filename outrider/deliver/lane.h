// All that one I/O thread knows of one destination: how much may run, what runs, the connections
// that wait, and whether the destination is left alone for a while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/deliver/connection.h"
#include "outrider/deliver/connector.h"
#include "outrider/deliver/routes.h"
#include "outrider/deliver/window.h"
#include "outrider/queue/queue.h"

namespace outrider::deliver {

/// Why a destination is left alone, in the words that its mail is deferred with.
struct Pause {
  Steady until{};
  Reached reached;           ///< without a connection
  std::size_t deferred = 0;  ///< messages that were deferred without a try of their own
};

class Shard;
struct Lane;

/// A connection that waits for the next message.
struct Idle {
  Shard* shard = nullptr;
  Lane* lane = nullptr;
  std::unique_ptr<Connection> connection;
  net::Limit limit;
};

struct Lane {
  Lane(queue::DestinationId id, std::string key, const ConcurrencyLimits& limits)
      : id(id), key(std::move(key)), window(limits) {}

  /// Neither work nor anything worth remembering.
  bool forgettable() const {
    return running == 0 && !queued && idle.empty() && wait == Duration(0);
  }

  const queue::DestinationId id;
  const std::string key;
  std::shared_ptr<const Destination> destination;  ///< as of `generation`
  ClientTls tls;
  unsigned generation = 0;
  Window window;
  std::size_t running = 0;                  ///< workers
  std::size_t trying = 0;                   ///< of them, those that connect or are in a transaction
  std::uint64_t signals = 0;                ///< how often the queue said that there is work
  bool queued = false;                      ///< waits for the thread's share of deliveries
  std::vector<std::unique_ptr<Idle>> idle;  ///< the last one was used last
  std::optional<Pause> pause;
  Duration wait{0};        ///< of the last pause; 0 after a success
  bool postponed = false;  ///< the queue holds its mail back until the pause is over
  bool insist = false;     ///< an operator wants a try now, whatever is remembered
};

}  // namespace outrider::deliver
