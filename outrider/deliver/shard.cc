#include "outrider/deliver/shard.h"

#include <algorithm>
#include <utility>

#include "outrider/deliver/record.h"

namespace outrider::deliver {
namespace {

// Messages that are deferred in a row because their destination cannot be reached, before it is
// left alone: each gets its own time for the next attempt, and its notices when they are due.
constexpr std::size_t most_deferred = 100;

// A stop that cuts a connection says nothing about the message: it stays as it was. Where the
// server may have it already, the log must say so.
void drop_unsaid(Attempt& attempt) {
  if (attempt.in_doubt) return;
  std::erase_if(attempt.said, [](const Said& said) { return said.waits; });
}

}  // namespace

Shard::Shard(std::shared_ptr<Site> site, net::IoThread& thread, unsigned index, std::size_t most)
    : site_(std::move(site)),
      thread_(thread),
      index_(index),
      most_(std::max<std::size_t>(most, 1)),
      connector_(site_, thread, open_) {}

Shard::~Shard() = default;

void Shard::attach() {
  auto on_due = [weak = weak_from_this()](queue::DestinationId id, const std::string& key) {
    if (const auto self = weak.lock()) self->due(id, key);
  };
  site_->queue.attach(index_, thread_.executor(), std::move(on_due));
}

void Shard::due(queue::DestinationId id, const std::string& key) {
  if (site_->draining) return;
  auto& lane = lanes_[id];
  if (!lane) lane = std::make_unique<Lane>(id, key, site_->options.concurrency);
  ++lane->signals;
  // Work that was held back, before its time: an operator asked for it.
  if (std::exchange(lane->postponed, false)) {
    lane->insist = lane->pause && steady_now() < lane->pause->until;
    lane->pause.reset();
  }
  start_worker(*lane);
}

void Shard::start_worker(Lane& lane) {
  if (site_->draining || lane.running >= lane.window.size()) return;
  if (running_ >= most_) return queue_up(lane);
  ++lane.running;
  ++running_;
  site_->began();
  thread_.spawn(work(shared_from_this(), lane));
}

void Shard::queue_up(Lane& lane) {
  if (lane.queued) return;
  lane.queued = true;
  waiting_.push_back(&lane);
}

void Shard::give_turns() {
  while (!waiting_.empty() && running_ < most_) {
    Lane& lane = *waiting_.front();
    waiting_.pop_front();
    lane.queued = false;
    start_worker(lane);
  }
}

awaitable<void> Shard::work(std::shared_ptr<Shard> self, Lane& lane) {
  static_cast<void>(self);  // held until the worker has ended
  Connected connection;
  Next next = Next::Claim;
  while (next == Next::Claim) {
    next = co_await work_once(lane, connection);
    // Destinations that wait for a turn get it: none holds the thread's share for long.
    if (next == Next::Claim && running_ >= most_ && !waiting_.empty()) {
      queue_up(lane);
      next = Next::Done;
    }
  }
  if (connection) park(lane, std::move(connection));
  leave(lane, next);
}

// Stop: this worker ends although there may be work.
awaitable<Shard::Next> Shard::work_once(Lane& lane, Connected& connection) {
  if (site_->draining) co_return Next::Done;
  const auto signals = lane.signals;
  const std::unique_ptr<queue::Claim> claim = co_await site_->queue.claim(index_, lane.id);
  if (!claim) {
    if (lane.signals != signals) co_return Next::Claim;
    postpone(lane);
    co_return Next::Done;
  }
  if (site_->draining) co_return Next::Done;
  start_worker(lane);  // where there is one message, there may be more
  Attempted attempted = co_await attempt(lane, *claim, connection);
  if (!attempted) co_return Next::Stop;
  if (site_->cut) drop_unsaid(*attempted);
  co_await record(*site_, *claim, std::move(*attempted));
  if (lane.pause && lane.pause->deferred >= most_deferred) {
    postpone(lane);
    co_return Next::Done;
  }
  co_return Next::Claim;
}

void Shard::leave(Lane& lane, Next how) {
  --lane.running;
  --running_;
  // What was left undone is looked after by another worker, or by a new one.
  if (how == Next::Stop && lane.running == 0) start_worker(lane);
  give_turns();
  forget(lane);
  site_->ended();
}

void Shard::forget(Lane& lane) {
  if (lane.forgettable()) lanes_.erase(lane.id);
}

void Shard::drain() {
  for (Lane* lane : std::exchange(waiting_, {})) lane->queued = false;
  for (auto& [id, lane] : lanes_) {
    while (Connected connection = take_idle(*lane)) dismiss(std::move(connection));
  }
}

void Shard::cut() {
  for (Connection* connection : open_) connection->cut();
}

}  // namespace outrider::deliver
