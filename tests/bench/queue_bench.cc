// How many messages a second the queue takes: so many sessions that each commit one message after
// another. `queue_bench FOLDER [content bytes] [seconds]`; what it prints per message is of the
// process: CPU time, bytes handed to the disk, syncs.
#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "outrider/queue/queue.h"

namespace {

using namespace outrider;
using boost::asio::awaitable;

struct Usage {
  double cpu = 0;
  std::uint64_t bytes = 0;
};

Usage usage() {
  rusage facts{};
  getrusage(RUSAGE_SELF, &facts);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  Usage usage{.cpu = seconds(facts.ru_utime) + seconds(facts.ru_stime)};
  std::ifstream in("/proc/self/io");
  for (std::string key; in >> key;) {
    std::uint64_t value = 0;
    in >> value;
    if (key == "write_bytes:") usage.bytes = value;
  }
  return usage;
}

mail::Envelope envelope(const std::string& domain) {
  mail::Envelope envelope;
  envelope.reverse_path = {"sender", "example.org"};
  envelope.recipients.resize(1);
  envelope.recipients[0].address = {"recipient", domain};
  envelope.origin = {"client.example.org", "192.0.2.1", "ESMTPS", "TLSv1.3/TLS_AES_128_GCM_SHA256"};
  return envelope;
}

struct Run {
  queue::Queue& queue;
  std::string content;
  Steady until;
  bool delivers;
  std::uint64_t committed = 0;
};

awaitable<void> session(Run& run) {
  while (steady_now() < run.until) {
    const auto incoming = run.queue.begin();
    if (!co_await incoming->append(run.content)) std::abort();
    mail::Envelope each = envelope(run.delivers ? "taken.test" : "waits.test");
    if (!co_await incoming->commit(std::move(each))) std::abort();
    ++run.committed;
  }
}

awaitable<void> deliver_all(queue::Queue& queue, queue::DestinationId destination) {
  for (;;) {
    const auto claim = co_await queue.claim(0, destination);
    if (!claim) co_return;
    const auto part = co_await claim->read();
    if (!part) std::abort();
    std::vector<queue::Outcome> outcomes{{0, mail::RecipientStatus::Relayed, "250 ok", "mx"}};
    std::vector<queue::Draft> no_notices;
    claim->finish(std::move(outcomes), std::move(no_notices));
  }
}

void measure(queue::Queue& queue, boost::asio::io_context& io, const std::string& content,
             int sessions, int seconds, bool delivers) {
  Run run{queue, content, steady_now() + std::chrono::seconds(seconds), delivers};
  const Usage before = usage();
  const auto begin = steady_now();
  std::vector<std::future<void>> all;
  for (int at = 0; at < sessions; ++at)
    all.push_back(boost::asio::co_spawn(io, session(run), boost::asio::use_future));
  for (auto& each : all) each.get();
  const std::chrono::duration<double> took = steady_now() - begin;
  const Usage after = usage();
  const auto count = static_cast<double>(run.committed);
  fmt::print("{:3} sessions, {}: {:6.0f} msg/s, {:5.1f} us CPU, {:6.2f} KiB written a message\n",
             sessions, delivers ? "delivered" : "kept     ", count / took.count(),
             (after.cpu - before.cpu) / count * 1e6,
             static_cast<double>(after.bytes - before.bytes) / count / 1024);
}

double resident_mib() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t pages = 0;
  in >> pages >> pages;
  return static_cast<double>(pages) * 4096 / (1 << 20);
}

void look(queue::Queue& queue, boost::asio::io_context& io) {
  const auto begin = steady_now();
  auto page = [&]() -> awaitable<std::size_t> {
    queue::Filter all;
    const auto items = co_await queue.list(std::move(all), {}, 100);
    co_return items->size();
  };
  const auto items = boost::asio::co_spawn(io, page(), boost::asio::use_future).get();
  const std::chrono::duration<double, std::milli> took = steady_now() - begin;
  fmt::print("a page of {}: {:.1f} ms; resident {:.0f} MiB\n", items, took.count(), resident_mib());
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return fmt::print("usage: queue_bench FOLDER [content bytes] [seconds]\n"), 64;
  const std::string content(count > 2 ? std::stoul(arguments[2]) : 4096, 'c');
  const int seconds = count > 3 ? std::stoi(arguments[3]) : 3;
  LogOptions to;
  to.path = "/dev/null";
  Log log(to);
  queue::Options options;
  options.path = arguments[1];
  options.least_free_bytes = 0;
  options.destination_of = [](const Address& address) { return address.domain; };
  const auto begin = steady_now();
  auto queue = queue::Queue::open(options, log);
  if (!queue) return fmt::print("{}\n", queue.error().text()), 1;
  const std::chrono::duration<double> opened = steady_now() - begin;
  fmt::print("open with {} messages: {:.2f} s\n", (*queue)->counts().messages, opened.count());

  boost::asio::io_context io(1);
  auto work = boost::asio::make_work_guard(io);
  std::thread thread([&] { io.run(); });
  auto due = [&](queue::DestinationId destination, const std::string& key) {
    if (key != "taken.test") return;
    boost::asio::co_spawn(io, deliver_all(**queue, destination), boost::asio::detached);
  };
  (*queue)->attach(0, io.get_executor(), std::move(due));
  look(**queue, io);
  for (const bool delivers : {false, true}) {
    for (const int sessions : {1, 20, 100})
      measure(**queue, io, content, sessions, seconds, delivers);
  }
  (*queue)->stop();
  work.reset();
  thread.join();
}
