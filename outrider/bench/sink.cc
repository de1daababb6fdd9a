#include "outrider/bench/sink.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "outrider/bench/taker.h"

namespace outrider::bench {

struct Sink::State {
  SinkOptions options;
  std::shared_ptr<const tls::ServerContext> context;
  Ledger ledger;
  std::vector<std::unique_ptr<net::IoThread>> threads;
  std::unique_ptr<net::Listener> listener;

  static awaitable<void> take(State& state, net::Accepted accepted) {
    Taker taker(state.options, state.context, state.ledger, accepted);
    co_await taker.run();
  }
};

Sink::Sink(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Sink>> Sink::start(const SinkOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (options.key) {
    tls::ServerOptions tls;
    tls.keys = {*options.key};
    tls.parameters = options.parameters;
    tls.ask_client = !options.client_ca_file.empty();
    tls.client_ca_file = options.client_ca_file;
    auto context = tls::ServerContext::load(tls);
    if (!context) return std::unexpected(context.error());
    state->context = std::move(*context);
  }
  state->options.smtp.offer_starttls = options.key && !options.implicit_tls;
  const unsigned count = std::max(options.threads, 1U);
  auto listener = net::Listener::bind(options.address, count);
  if (!listener) return std::unexpected(listener.error());
  std::vector<net::IoThread*> threads;
  for (unsigned i = 0; i < count; ++i) {
    state->threads.push_back(std::make_unique<net::IoThread>(i));
    threads.push_back(state->threads.back().get());
    threads.back()->start();
  }
  state->listener = std::move(*listener);
  state->listener->start(threads, [&state = *state](net::Accepted accepted) {
    accepted.thread.spawn(State::take(state, accepted));
  });
  return std::unique_ptr<Sink>(new Sink(std::move(state)));
}

Sink::~Sink() {
  state_->listener->stop();
  for (auto& thread : state_->threads) thread->stop();
}

net::ListenAddress Sink::address() const { return state_->listener->address(); }

SinkCounts Sink::counts() const { return state_->ledger.counts(); }

}  // namespace outrider::bench
