#include "outrider/deliver/deliverer.h"

#include "outrider/deliver/forecast.h"

#include <algorithm>
#include <utility>

#include "outrider/deliver/shard.h"

namespace outrider::deliver {
namespace {

// Connections that are cut end within moments; more time would mean that a thread does not run.
constexpr Duration cut_takes_at_most{2000};

}  // namespace

struct Deliverer::State {
  /// Runs `job` on each I/O thread; it counts as running until then.
  void everywhere(void (Shard::*job)());
  void cut() {
    site->cut = true;
    everywhere(&Shard::cut);
  }

  std::shared_ptr<Site> site;
  std::vector<net::IoThread*> threads;
  std::vector<std::shared_ptr<Shard>> shards;
  bool stopped = false;
};

void Deliverer::State::everywhere(void (Shard::*job)()) {
  for (std::size_t i = 0; i < shards.size(); ++i) {
    site->began();
    threads[i]->post([shard = shards[i], shared = site, job] {
      (*shard.*job)();
      shared->ended();
    });
  }
}

Deliverer::Deliverer(Options options, std::shared_ptr<const Routes> routes, queue::Queue& queue,
                     dns::Resolver& resolver, TlsContexts tls, std::vector<net::IoThread*> threads,
                     Log& log, Services services)
    : state_(std::make_unique<State>()) {
  Ways ways{std::move(routes), std::move(tls)};
  state_->site =
      std::make_shared<Site>(std::move(options), std::move(ways), queue, resolver, log, services);
  state_->threads = std::move(threads);
  const auto total = state_->site->options.concurrency.total;
  const auto share = (total + state_->threads.size() - 1) / state_->threads.size();
  for (unsigned i = 0; i < state_->threads.size(); ++i) {
    state_->shards.push_back(std::make_shared<Shard>(state_->site, *state_->threads[i], i, share));
  }
}

Deliverer::~Deliverer() {
  if (!state_->stopped) {
    state_->site->draining = true;
    state_->cut();
  }
  // Nothing of the pool may come back to a thread that is gone.
  state_->site->disk.join();
}

void Deliverer::start() { state_->everywhere(&Shard::attach); }

void Deliverer::stop(Duration bound) {
  state_->stopped = true;
  state_->site->draining = true;
  state_->everywhere(&Shard::drain);
  if (state_->site->wait_until_quiet(bound)) return;
  state_->cut();
  state_->site->wait_until_quiet(cut_takes_at_most);
}

void Deliverer::reload(std::shared_ptr<const Routes> routes, TlsContexts tls) {
  if (!tls.usual().context) tls = state_->site->ways()->tls;
  state_->site->set_ways({std::move(routes), std::move(tls)});
}

boost::asio::awaitable<Explanation> Deliverer::explain(Address recipient, trust::Wish wish) const {
  return deliver::explain(state_->site, std::move(recipient), wish);
}

boost::asio::awaitable<std::optional<smtp::Reply>> Deliverer::forecast(Address recipient) const {
  const Explanation explanation =
      co_await deliver::explain(state_->site, std::move(recipient), trust::Wish::RequireTls);
  co_return deliver::forecast(explanation, now());
}

Destination Deliverer::destination(const Address& recipient) const {
  const auto ways = state_->site->ways();
  return ways->routes->destination(ways->routes->key_for(recipient));
}

DelivererCounts Deliverer::counts() const {
  const Site& site = *state_->site;
  return {site.running.load(),  site.idle.load(),    site.connected.load(), site.sent.load(),
          site.deferred.load(), site.bounced.load(), site.resumed.load(),   site.alarms.raised()};
}

}  // namespace outrider::deliver
