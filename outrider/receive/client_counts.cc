#include "outrider/receive/client_counts.h"

#include <string>

namespace outrider::receive {

ClientCounts::Place::~Place() {
  if (counts_ != nullptr) counts_->leave(network_);
}

std::size_t ClientCounts::NetworkHash::operator()(const Network& network) const {
  const auto* bytes = reinterpret_cast<const char*>(network.address.bytes.data());
  const std::string_view text(bytes, network.address.bytes.size());
  return std::hash<std::string_view>{}(text) + network.prefix;
}

ClientCounts::Shard& ClientCounts::shard_of(const Network& network) {
  return shards_[NetworkHash{}(network) % shard_count];
}

std::optional<ClientCounts::Place> ClientCounts::enter(const std::optional<IpAddress>& client,
                                                       const ConnectionLimits& limits,
                                                       std::string_view& setting) {
  if (total_.fetch_add(1, std::memory_order_relaxed) >= limits.connections) {
    leave(std::nullopt);
    setting = "limits.connections";
    return std::nullopt;
  }
  std::optional<Network> network;
  if (client) {
    const unsigned prefix = client->v6 ? limits.network_prefix_v6 : limits.network_prefix_v4;
    network = Network::of(*client, prefix);
    if (!enter_network(*network, limits.connections_per_network)) {
      leave(std::nullopt);
      setting = "limits.connections_per_network";
      return std::nullopt;
    }
  }
  return Place(this, network);
}

bool ClientCounts::enter_network(const Network& network, std::size_t most) {
  Shard& shard = shard_of(network);
  const std::lock_guard guard(shard.lock);
  const auto at = shard.open.find(network);
  if (at == shard.open.end()) return most > 0 && shard.open.emplace(network, 1).second;
  if (at->second >= most) return false;
  ++at->second;
  return true;
}

void ClientCounts::leave(const std::optional<Network>& network) {
  total_.fetch_sub(1, std::memory_order_relaxed);
  if (!network) return;
  Shard& shard = shard_of(*network);
  const std::lock_guard guard(shard.lock);
  const auto at = shard.open.find(*network);
  if (--at->second == 0) shard.open.erase(at);
}

}  // namespace outrider::receive
