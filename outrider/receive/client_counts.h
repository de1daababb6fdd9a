// How many connections are open, in total and of each client network, over all threads. The table
// is bounded by the total: a network that has no connection has no entry.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "outrider/base/ip.h"
#include "outrider/receive/options.h"

namespace outrider::receive {

class ClientCounts {
 public:
  /// A connection that is counted, until it is destroyed.
  class Place {
   public:
    Place(Place&& other) noexcept
        : counts_(std::exchange(other.counts_, nullptr)), network_(other.network_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(counts_, other.counts_);
      std::swap(network_, other.network_);
      return *this;
    }
    ~Place();

   private:
    friend class ClientCounts;
    Place(ClientCounts* counts, std::optional<Network> network)
        : counts_(counts), network_(network) {}
    ClientCounts* counts_;
    std::optional<Network> network_;
  };

  /// Nothing where a limit is reached; `setting` is then its name in the configuration. A client
  /// without an address (a Unix socket) counts in the total alone. Safe from any thread; the
  /// counts outlive their places.
  std::optional<Place> enter(const std::optional<IpAddress>& client, const ConnectionLimits& limits,
                             std::string_view& setting);
  std::size_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  struct NetworkHash {
    std::size_t operator()(const Network& network) const;
  };
  /// Locks are spread over networks, so that threads seldom meet.
  struct Shard {
    std::mutex lock;
    std::unordered_map<Network, std::size_t, NetworkHash> open;
  };
  static constexpr std::size_t shard_count = 16;

  Shard& shard_of(const Network& network);
  bool enter_network(const Network& network, std::size_t most);
  void leave(const std::optional<Network>& network);

  std::atomic<std::size_t> total_{0};
  std::array<Shard, shard_count> shards_;
};

}  // namespace outrider::receive
