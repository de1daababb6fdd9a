#include "outrider/tls/session_cache.h"

#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "outrider/tls/crypto.h"

namespace outrider::tls {

struct SessionCache::State {
  struct Kept {
    std::string key;
    SessionPtr session;
  };
  using Order = std::list<Kept>;  // the one that was kept longest ago is first
  using Places = std::vector<Order::iterator>;

  SessionPtr remove(Order::iterator at);

  std::size_t most;
  std::size_t most_of_key;
  mutable std::mutex lock;
  Order order;
  std::unordered_map<std::string, Places> by_key;  // oldest first
};

SessionPtr SessionCache::State::remove(Order::iterator at) {
  const auto entry = by_key.find(at->key);
  std::erase(entry->second, at);
  if (entry->second.empty()) by_key.erase(entry);
  auto session = std::move(at->session);
  order.erase(at);
  return session;
}

SessionCache::SessionCache(std::size_t most, std::size_t most_of_key)
    : state_(std::make_unique<State>(most, most_of_key)) {}
SessionCache::~SessionCache() = default;

std::size_t SessionCache::size() const {
  const std::lock_guard guard(state_->lock);
  return state_->order.size();
}

void SessionCache::forget_all() {
  const std::lock_guard guard(state_->lock);
  state_->by_key.clear();
  state_->order.clear();
}

void SessionCache::keep(const std::string& key, ssl_session_st* session) {
  SessionPtr owned(session);
  if (!owned || state_->most == 0 || state_->most_of_key == 0) return;
  std::vector<SessionPtr> dropped;  // freed without the lock
  const std::lock_guard guard(state_->lock);
  auto& order = state_->order;
  const auto found = state_->by_key.find(key);
  if (found != state_->by_key.end() && found->second.size() >= state_->most_of_key) {
    dropped.push_back(state_->remove(found->second.front()));
  }
  if (order.size() >= state_->most) dropped.push_back(state_->remove(order.begin()));
  order.push_back({key, std::move(owned)});
  state_->by_key[key].push_back(std::prev(order.end()));
}

ssl_session_st* SessionCache::take(const std::string& key) {
  const std::lock_guard guard(state_->lock);
  const auto found = state_->by_key.find(key);
  if (found == state_->by_key.end()) return nullptr;
  return state_->remove(found->second.back()).release();
}

}  // namespace outrider::tls
