#include "outrider/bench/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/bench/giver.h"
#include "outrider/net/io_thread.h"

namespace outrider::bench {
namespace {

// Linux gives 28,232 ports to one pair of addresses: on loopback another source has as many again.
constexpr std::size_t ports_of_a_source = 20000;
constexpr double longest_wait = 1e9;  // seconds, so that no rate is too small for the clock

void add(SourceResult& sum, SourceResult&& part) {
  sum.messages += part.messages;
  sum.recipients += part.recipients;
  sum.refused += part.refused;
  sum.unanswered += part.unanswered;
  sum.connections += part.connections;
  sum.resumed += part.resumed;
  sum.bytes += part.bytes;
  std::ranges::move(part.latencies, std::back_inserter(sum.latencies));
  if (sum.first_error.empty()) sum.first_error = std::move(part.first_error);
}

// What all sessions of a run share.
class Run {
 public:
  Run(const SourceOptions& options, std::shared_ptr<const tls::ClientContext> context)
      : options_(options),
        finished_(static_cast<std::ptrdiff_t>(options.sessions)),
        connected_(static_cast<std::ptrdiff_t>(options.sessions)) {
    load_.context = std::move(context);
    load_.run = static_cast<std::uint64_t>(now().time_since_epoch().count());
    if (options.resume) load_.sessions = std::make_shared<tls::SessionCache>(options.sessions, 64);
  }

  net::awaitable<void> session(net::IoThread& thread);
  SourceResult wait(const std::function<void(const SourceResult&)>& all_open);

 private:
  std::optional<std::uint64_t> take();
  /// Waits until it is due, and tells when that was; nothing where there is no rate.
  net::awaitable<std::optional<Steady>> pace(net::IoThread& thread, std::uint64_t number) const;
  std::optional<IpAddress> source_of(std::uint64_t number) const;
  net::awaitable<void> send(Giver& giver, net::IoThread& thread);
  net::awaitable<void> greet(Giver& giver, net::IoThread& thread);
  net::awaitable<void> idle(Giver& giver, net::IoThread& thread);
  void keep(SourceResult&& part);

  const SourceOptions& options_;
  Load load_;
  std::atomic<std::uint64_t> next_{0};
  std::latch finished_, connected_;
  Steady begun_ = steady_now();
  std::mutex mutex_;
  SourceResult sum_;
};

std::optional<std::uint64_t> Run::take() {
  const auto number = next_.fetch_add(1, std::memory_order_relaxed);
  return number < options_.count ? std::optional(number) : std::nullopt;
}

net::awaitable<std::optional<Steady>> Run::pace(net::IoThread& thread, std::uint64_t number) const {
  if (options_.rate <= 0) co_return std::nullopt;
  const std::chrono::duration<double> after(
      std::min(static_cast<double>(number) / options_.rate, longest_wait));
  const auto due = begun_ + std::chrono::duration_cast<Steady::duration>(after);
  const auto left = std::chrono::ceil<Duration>(due - steady_now());
  if (left > Duration(0)) co_await thread.sleep(left);
  co_return due;
}

std::optional<IpAddress> Run::source_of(std::uint64_t number) const {
  const auto server = options_.server.address.text();
  if (number < ports_of_a_source || !server.starts_with("127.")) return std::nullopt;
  return IpAddress::parse(fmt::format("127.0.1.{}", number / ports_of_a_source % 250));
}

net::awaitable<void> Run::send(Giver& giver, net::IoThread& thread) {
  std::optional<std::uint64_t> number = take();
  while (number) {
    std::optional<Steady> due = co_await pace(thread, *number);
    const bool open = co_await giver.open(std::nullopt);
    while (open && number && giver.can_send()) {
      co_await giver.send(*number, due);
      number = take();
      if (number) due = co_await pace(thread, *number);
    }
    if (!open) number = take();
    co_await giver.close();
  }
}

net::awaitable<void> Run::greet(Giver& giver, net::IoThread& thread) {
  for (auto number = take(); number; number = take()) {
    const std::optional<Steady> due = co_await pace(thread, *number);
    co_await giver.greet(due);
  }
}

net::awaitable<void> Run::idle(Giver& giver, net::IoThread& thread) {
  std::vector<std::unique_ptr<Giver>> kept;
  for (auto number = take(); number; number = take()) {
    co_await pace(thread, *number);
    kept.push_back(std::make_unique<Giver>(options_, load_, thread, giver.result));
    const bool open = co_await kept.back()->open(source_of(*number));
    if (!open) kept.pop_back();
  }
  keep(std::exchange(giver.result, {}));
  connected_.count_down();
  co_await thread.sleep(options_.hold);
}

void Run::keep(SourceResult&& part) {
  const std::lock_guard lock(mutex_);
  add(sum_, std::move(part));
}

net::awaitable<void> Run::session(net::IoThread& thread) {
  SourceResult result;
  Giver giver(options_, load_, thread, result);
  switch (options_.pattern) {
    case Pattern::Send: co_await send(giver, thread); break;
    case Pattern::Greet: co_await greet(giver, thread); break;
    case Pattern::Idle: co_await idle(giver, thread); break;
  }
  keep(std::move(result));
  finished_.count_down();
}

SourceResult Run::wait(const std::function<void(const SourceResult&)>& all_open) {
  if (options_.pattern == Pattern::Idle) {
    connected_.wait();
    const std::lock_guard lock(mutex_);
    sum_.seconds = std::chrono::duration<double>(steady_now() - begun_).count();
    all_open(sum_);
  }
  finished_.wait();
  sum_.run = load_.run;
  if (options_.pattern != Pattern::Idle)
    sum_.seconds = std::chrono::duration<double>(steady_now() - begun_).count();
  std::ranges::sort(sum_.latencies);
  return std::move(sum_);
}

}  // namespace

Result<SourceResult> run_source(const SourceOptions& options,
                                const std::function<void(const SourceResult&)>& all_open) {
  std::shared_ptr<const tls::ClientContext> context;
  if (options.tls != TlsWish::None) {
    auto loaded = tls::ClientContext::load(options.tls_options);
    if (!loaded) return std::unexpected(loaded.error());
    context = std::move(*loaded);
  }
  std::vector<std::unique_ptr<net::IoThread>> threads;
  for (unsigned i = 0; i < std::max(options.threads, 1U); ++i)
    threads.push_back(std::make_unique<net::IoThread>(i));
  Run run(options, std::move(context));
  for (std::size_t i = 0; i < options.sessions; ++i) {
    net::IoThread& thread = *threads[i % threads.size()];
    thread.spawn(run.session(thread));
  }
  for (auto& thread : threads) thread->start();
  SourceResult result = run.wait(all_open);
  for (auto& thread : threads) thread->stop();
  return result;
}

}  // namespace outrider::bench
