#include "outrider/receive/reception.h"

#include <algorithm>
#include <utility>

namespace outrider::receive {
namespace {

// What follows from a listener's role and TLS is not left to the one who fills the options.
void settle(ListenerOptions& listener) {
  listener.smtp.lmtp = listener.role == Role::Lmtp;
  listener.smtp.offer_starttls =
      listener.tls == TlsMode::StartTls && listener.tls_context != nullptr;
  listener.smtp.require_tls = listener.require_tls == trust::TlsDemand::Always;
}

}  // namespace

Reception::Reception(queue::Queue& to, dns::Resolver* names,
                     const std::vector<net::IoThread*>& threads, Log& lines,
                     const trust::HistoryRules& history)
    : queue(to),
      resolver(names),
      listing(names ? std::make_shared<Listing>(*names) : nullptr),
      log(lines),
      past(history) {
  for (net::IoThread* thread : threads) by_thread.push_back({thread, {}});
}

std::shared_ptr<const Options> Reception::options() const {
  const std::lock_guard guard(lock_);
  return options_;
}

void Reception::set_options(Options options) {
  for (ListenerOptions& listener : options.listeners) settle(listener);
  auto fresh = std::make_shared<const Options>(std::move(options));
  const std::lock_guard guard(lock_);
  options_.swap(fresh);
}

ThreadConnections& Reception::of(const net::IoThread& thread) {
  return *std::ranges::find(by_thread, &thread, &ThreadConnections::thread);
}

void Reception::opened() {
  total.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard guard(lock_);
  ++open_;
}

void Reception::closed() {
  const std::lock_guard guard(lock_);
  if (--open_ == 0) empty_.notify_all();
}

bool Reception::wait_until_empty(Duration bound) {
  std::unique_lock guard(lock_);
  return empty_.wait_for(guard, bound, [this] { return open_ == 0; });
}

bool Reception::may_log_turned_away(std::uint64_t& silent) {
  turned_away.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard guard(lock_);
  const Steady time = steady_now();
  if (last_logged_ != Steady{} && time - last_logged_ < std::chrono::seconds(1)) {
    ++silent_;
    return false;
  }
  last_logged_ = time;
  silent = std::exchange(silent_, 0);
  return true;
}

}  // namespace outrider::receive
