#include "outrider/receive/receiver.h"

#include <algorithm>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/receive/connection.h"
#include "outrider/receive/policy_site.h"
#include "outrider/receive/reception.h"

namespace outrider::receive {
namespace {

// Connections that are cut end within moments; more time would mean that a thread does not run.
constexpr Duration cut_takes_at_most{2000};

const ListenerOptions* options_of(const Options& options, std::string_view name) {
  const auto at = std::ranges::find(options.listeners, name, &ListenerOptions::name);
  return at == options.listeners.end() ? nullptr : &*at;
}

std::unexpected<Error> without_options(std::string_view name) {
  return fail(Blame::Operator, "listener `" + printable(name) + "` has no options",
              "a listener that is open keeps its name");
}

void leave_all(ThreadConnections& connections) {
  for (Connection* connection : connections.open) {
    if (auto shared = connection->share()) Connection::leave(std::move(shared));
  }
}

void cut_all(ThreadConnections& connections) {
  for (Connection* connection : connections.open) connection->cut();
}

}  // namespace

struct Receiver::State {
  struct Door {
    std::string name;
    std::unique_ptr<net::Listener> listener;
  };

  void open(Door& door);
  /// Runs `job` on each I/O thread with the connections of it.
  void everywhere(void (*job)(ThreadConnections&));

  std::shared_ptr<Reception> reception;
  std::vector<net::IoThread*> threads;
  std::vector<Door> doors;
  bool started = false;
};

void Receiver::State::open(Door& door) {
  net::Listener::OnAccept on_accept = [shared = reception,
                                       name = door.name](net::Accepted accepted) {
    std::shared_ptr<const Options> options = shared->options();
    const ListenerOptions* listener = options_of(*options, name);
    net::IoThread& thread = accepted.thread;
    if (listener->role == Role::MtaSts) {
      thread.spawn(serve_policy(shared, std::move(options), *listener, accepted));
      return;
    }
    thread.spawn(Connection::run(
        std::make_shared<Connection>(shared, std::move(options), *listener, accepted)));
  };
  door.listener->start(threads, std::move(on_accept));
}

void Receiver::State::everywhere(void (*job)(ThreadConnections&)) {
  for (ThreadConnections& connections : reception->by_thread) {
    connections.thread->post([shared = reception, &connections, job] { job(connections); });
  }
}

Receiver::Receiver(Options options, queue::Queue& queue, dns::Resolver* resolver,
                   std::vector<net::IoThread*> threads, Log& log)
    : state_(std::make_shared<State>()) {
  state_->reception = std::make_shared<Reception>(queue, resolver, threads, log, options.history);
  state_->reception->set_options(std::move(options));
  state_->threads = std::move(threads);
}

Receiver::~Receiver() {
  for (State::Door& door : state_->doors) door.listener->stop();
  state_->everywhere(cut_all);
}

Result<void> Receiver::add_listener(std::string name, std::unique_ptr<net::Listener> listener) {
  if (options_of(*state_->reception->options(), name) == nullptr) return without_options(name);
  state_->doors.push_back({std::move(name), std::move(listener)});
  if (state_->started) state_->open(state_->doors.back());
  return {};
}

void Receiver::set_forecast(Forecast forecast) {
  state_->reception->forecast = std::move(forecast);
}

void Receiver::start() {
  state_->started = true;
  state_->reception->draining.store(false);
  for (State::Door& door : state_->doors) state_->open(door);
}

void Receiver::stop(Duration bound) {
  for (State::Door& door : state_->doors) door.listener->stop();
  state_->started = false;
  state_->reception->draining.store(true);
  state_->everywhere(leave_all);
  if (state_->reception->wait_until_empty(bound)) return;
  state_->everywhere(cut_all);
  state_->reception->wait_until_empty(cut_takes_at_most);
}

Result<void> Receiver::reload(Options options) {
  for (const State::Door& door : state_->doors) {
    if (options_of(options, door.name) == nullptr) return without_options(door.name);
  }
  state_->reception->set_options(std::move(options));
  return {};
}

ReceiverCounts Receiver::counts() const {
  const Reception& reception = *state_->reception;
  return {reception.counts.total(), reception.total.load(), reception.turned_away.load(),
          reception.messages.load()};
}

}  // namespace outrider::receive
