// Connections between two messages, and their end.
#include <algorithm>
#include <utility>

#include "outrider/deliver/shard.h"

namespace outrider::deliver {

Shard::Connected Shard::take_idle(Lane& lane) {
  if (lane.idle.empty()) return nullptr;
  Connected connection = std::move(lane.idle.back()->connection);
  lane.idle.pop_back();
  site_->idle.fetch_sub(1, std::memory_order_relaxed);
  return connection;
}

void Shard::park(Lane& lane, Connected connection) {
  // Those that wait are not more than those that could work.
  const bool room = lane.idle.size() < lane.window.size() && site_->idle < most_ * 2;
  if (!room || !is_reusable(*connection)) return dismiss(std::move(connection));
  auto idle = std::make_unique<Idle>();
  idle->shard = this;
  idle->lane = &lane;
  idle->connection = std::move(connection);
  idle->limit.set(thread_, steady_now() + site_->options.reuse.idle, &Shard::idle_over, idle.get());
  lane.idle.push_back(std::move(idle));
  site_->idle.fetch_add(1, std::memory_order_relaxed);
}

bool Shard::is_reusable(const Connection& connection) const {
  const auto& reuse = site_->options.reuse;
  if (connection.broken || site_->draining || reuse.idle.count() <= 0) return false;
  const auto told = connection.session().extensions().max_messages;  // RFC 9422 §4.2
  return connection.messages < reuse.messages && (told == 0 || connection.messages < told);
}

void Shard::dismiss(Connected connection) {
  if (connection->broken) return;  // its end closes it
  site_->began();
  thread_.spawn(say_goodbye(shared_from_this(), std::move(connection)));
}

awaitable<void> Shard::say_goodbye(std::shared_ptr<Shard> self, Connected connection) {
  co_await connection->quit();
  connection.reset();
  self->site_->ended();
}

void Shard::idle_over(void* context) {
  Idle& idle = *static_cast<Idle*>(context);
  Shard& shard = *idle.shard;
  Lane& lane = *idle.lane;
  const auto at = std::ranges::find(lane.idle, &idle, [](const auto& each) { return each.get(); });
  Connected connection = std::move(idle.connection);
  lane.idle.erase(at);
  shard.site_->idle.fetch_sub(1, std::memory_order_relaxed);
  shard.dismiss(std::move(connection));
  shard.forget(lane);
}

}  // namespace outrider::deliver
