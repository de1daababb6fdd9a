// What the parts of the queue share. Inside the module only.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "outrider/queue/active.h"
#include "outrider/queue/committer.h"
#include "outrider/queue/fresh.h"
#include "outrider/queue/id_source.h"
#include "outrider/queue/ledger.h"
#include "outrider/queue/queue.h"
#include "outrider/queue/room.h"
#include "outrider/queue/shard.h"
#include "outrider/store/files.h"
#include "outrider/store/store.h"

namespace outrider::queue {

constexpr std::size_t arriving_bytes = 64 << 20;

// Shared by the queue and by the messages and claims that others hold, so that one which outlives
// the queue meets a closed queue and not a dead one.
struct Core {
  Core(Options given, std::unique_ptr<store::Store> opened, store::Files beside, Log& to);

  /// Orders end as they are needed: the commit thread, the readers, the store.
  void close();

  Options options;
  Log& log;
  std::unique_ptr<store::Store> store;
  store::Files files;  ///< content of large messages, by their ids
  Totals totals;
  Active active;
  std::shared_ptr<Budget> bodies;  ///< fresh messages
  Budget arriving;                 ///< content in memory of messages that are still coming in
  Room room;
  std::vector<std::shared_ptr<Shard>> shards;
  // From here on made by open(), when it is known what lies in the store.
  std::unique_ptr<IdSource> ids;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Committer> committer;
  boost::asio::thread_pool readers{2};
  boost::asio::thread_pool writers{4};  ///< of files; they wait for the disk
  std::atomic<bool> closed{false};
};

/// Fills the schedules from the records, puts away what cannot be read, and deletes what was left
/// behind by messages that never were complete. Answers the id that all former ids are below.
Result<MessageId> rebuild(Core& core);

std::unique_ptr<Incoming> make_incoming(std::shared_ptr<Core> core);
/// Of a message whose size is in the envelope. What is not in `body` is in its file.
Arrival make_arrival(Core& core, MessageId id, mail::Envelope envelope, std::string body);
/// Soon, on a thread that may wait for the disk.
void discard_files(Core& core, std::vector<MessageId> ids);
/// The oldest due job of a destination, on the shard's thread.
awaitable<std::unique_ptr<Claim>> make_claim(std::shared_ptr<Core> core, std::uint32_t shard,
                                             DestinationId destination);

awaitable<Result<std::vector<Item>>> list_items(std::shared_ptr<Core> core, Filter filter,
                                                MessageId after, std::size_t limit);
awaitable<Result<std::string>> read_content(std::shared_ptr<Core> core, MessageId id,
                                            std::size_t limit);
awaitable<Result<std::uint64_t>> apply_action(std::shared_ptr<Core> core, Action action,
                                              Filter filter);

/// Submits and waits until it is written.
template <class Kind>
awaitable<Result<void>> written(Core& core, Kind& operation) {
  Result<void> result;
  auto hand_over = [&](Waiter waiter) {
    operation.done = Completion{&result, std::move(waiter)};
    core.committer->submit(std::move(operation));
  };
  co_await suspend(hand_over);
  co_return result;
}

}  // namespace outrider::queue
