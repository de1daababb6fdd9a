// Delivery on one I/O thread: a worker takes claims of its destination one after the other, with
// one connection, until there are none. Workers of a destination are as many as its window allows;
// the thread's workers are as many as its share of the total. Nothing here is locked.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "outrider/deliver/attempt.h"
#include "outrider/deliver/connector.h"
#include "outrider/deliver/lane.h"
#include "outrider/deliver/site.h"
#include "outrider/deliver/transaction.h"

namespace outrider::deliver {

class Shard : public std::enable_shared_from_this<Shard> {
 public:
  /// `most`: deliveries at a time on this thread.
  Shard(std::shared_ptr<Site> site, net::IoThread& thread, unsigned index, std::size_t most);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // On its thread:
  void attach();
  /// After Site::draining is set: idle connections end with QUIT.
  void drain();
  /// At once, whatever runs.
  void cut();

 private:
  using Connected = std::unique_ptr<Connection>;
  using Recipients = std::vector<std::uint32_t>;
  using Attempted = std::optional<Attempt>;  ///< nothing: the claim goes back as it was
  enum class Next { Claim, Stop, Done };

  // shard.cc: who works when
  void due(queue::DestinationId id, const std::string& key);
  void start_worker(Lane& lane);
  void queue_up(Lane& lane);
  void give_turns();
  void leave(Lane& lane, Next how);
  void forget(Lane& lane);
  awaitable<void> work(std::shared_ptr<Shard> self, Lane& lane);
  awaitable<Next> work_once(Lane& lane, Connected& connection);

  // shard_attempt.cc: one claim
  awaitable<Attempted> attempt(Lane& lane, queue::Claim& claim, Connected& connection);
  awaitable<Attempted> attempt_remote(Lane& lane, queue::Claim& claim, Connected& connection,
                                      Recipients recipients);
  static bool rests(const Lane& lane, Haste haste);
  awaitable<Connected> connection_for(Lane& lane, Connected last, Haste haste, Reached& reached);
  awaitable<bool> is_alive(Connection& connection);
  std::shared_ptr<const Destination> destination_of(Lane& lane);
  awaitable<TransactionResult> transact_all(Connection& connection, queue::Claim& claim,
                                            const Recipients& recipients);
  Attempted not_reached(Lane& lane, trust::Wish wish, Reached reached,
                        const Recipients& recipients);
  void pause(Lane& lane, Reached reached);
  void postpone(Lane& lane);

  // shard_idle.cc: connections between messages
  Connected take_idle(Lane& lane);
  void park(Lane& lane, Connected connection);
  bool is_reusable(const Connection& connection) const;
  void dismiss(Connected connection);
  static awaitable<void> say_goodbye(std::shared_ptr<Shard> self, Connected connection);
  static void idle_over(void* idle);

  std::shared_ptr<Site> site_;
  net::IoThread& thread_;
  unsigned index_;
  std::size_t most_;
  std::size_t running_ = 0;
  OpenConnections open_;  // outlives the lanes, whose connections leave it
  Connector connector_;
  std::unordered_map<queue::DestinationId, std::unique_ptr<Lane>> lanes_;
  std::deque<Lane*> waiting_;  // for a worker of the thread's share
};

}  // namespace outrider::deliver
