// What all connections of a receiver share: options of the day, the modules they use, the counts,
// and who is there. Each connection holds it, because an I/O thread may end after the receiver.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/net/io_thread.h"
#include "outrider/queue/queue.h"
#include "outrider/receive/client_counts.h"
#include "outrider/receive/listing.h"
#include "outrider/receive/options.h"

namespace outrider::dns {
class Resolver;
}

namespace outrider::receive {

class Connection;

/// The open connections of one I/O thread; touched on that thread alone.
struct ThreadConnections {
  net::IoThread* thread = nullptr;
  std::unordered_set<Connection*> open;
};

struct Reception {
  Reception(queue::Queue& queue, dns::Resolver* resolver,
            const std::vector<net::IoThread*>& threads, Log& log,
            const trust::HistoryRules& history = {});

  std::shared_ptr<const Options> options() const;
  void set_options(Options options);

  ThreadConnections& of(const net::IoThread& thread);
  void opened();
  void closed();
  /// True when no connection is left.
  bool wait_until_empty(Duration bound);

  /// Whether a connection turned away now gets a log line: one a second, so that a flood of
  /// connections is no flood of the log. `silent` tells how many had none.
  bool may_log_turned_away(std::uint64_t& silent);

  queue::Queue& queue;
  dns::Resolver* resolver;
  std::shared_ptr<Listing> listing;  ///< null without a resolver
  Forecast forecast;                 ///< set before there are connections; may be empty
  Log& log;
  std::vector<ThreadConnections> by_thread;
  ClientCounts counts;
  Past past;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> total{0}, turned_away{0}, messages{0};
  std::atomic<std::size_t> lookups{0};  ///< of client names, running now

 private:
  mutable std::mutex lock_;
  std::condition_variable empty_;
  std::shared_ptr<const Options> options_;
  std::size_t open_ = 0;
  Steady last_logged_{};
  std::uint64_t silent_ = 0;
};

}  // namespace outrider::receive
