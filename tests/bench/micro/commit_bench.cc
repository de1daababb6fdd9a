// The way to the disk: messages of 4 KiB that sessions commit, each waiting for its own before the
// next, and beside it what RocksDB alone makes of as many threads that write and sync the same
// bytes. The folder is below the current one, so that it is on the disk that is meant.
#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <stdlib.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "outrider/queue/queue.h"
#include "tests/bench/micro/works.h"

namespace outrider::bench_micro {
namespace {

using boost::asio::awaitable;

class Folder {
 public:
  Folder() {
    std::string path = std::filesystem::current_path() / "commit-bench-XXXXXX";
    if (!mkdtemp(path.data())) std::abort();
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

mail::Envelope envelope() {
  mail::Envelope envelope;
  envelope.reverse_path = {"sender", "example.org"};
  envelope.recipients.resize(1);
  envelope.recipients[0].address = {"recipient", "waits.test"};
  envelope.origin = {"client.example.org", "192.0.2.1", "ESMTPS", "TLSv1.3/TLS_AES_128_GCM_SHA256"};
  return envelope;
}

LogOptions to_nowhere() {
  LogOptions options;
  options.path = "/dev/null";
  return options;
}

class Commits {
 public:
  Commits() : log_(to_nowhere()) {
    queue::Options options;
    options.path = folder_.path() + "/queue";
    options.destination_of = [](const Address& address) { return address.domain; };
    auto opened = queue::Queue::open(std::move(options), log_);
    if (!opened) std::abort();
    queue_ = std::move(*opened);
    queue_->attach(0, io_.get_executor(), [](queue::DestinationId, const std::string&) {});
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Commits() {
    queue_->stop();
    work_.reset();
    thread_.join();
  }

  /// One message of each session.
  void run(std::int64_t sessions) {
    std::vector<std::future<void>> all;
    for (std::int64_t at = 0; at < sessions; ++at)
      all.push_back(boost::asio::co_spawn(io_, message(), boost::asio::use_future));
    for (auto& each : all) each.get();
  }

 private:
  awaitable<void> message() {
    const auto incoming = queue_->begin();
    if (!co_await incoming->append(content_)) std::abort();
    mail::Envelope its = envelope();
    if (!co_await incoming->commit(std::move(its))) std::abort();
  }

  Folder folder_;
  Log log_;
  const std::string content_ = std::string(4096, 'c');
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<queue::Queue> queue_;
  std::thread thread_;
};

void commit(benchmark::State& state) {
  Commits commits;
  for (auto _ : state) commits.run(state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void rocks(benchmark::State& state) {
  static std::unique_ptr<Folder> folder;
  static std::unique_ptr<rocksdb::DB> store;
  static std::atomic<std::uint64_t> next;
  if (state.thread_index() == 0) {
    folder = std::make_unique<Folder>();
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    if (!rocksdb::DB::Open(options, folder->path(), &opened).ok()) std::abort();
    store.reset(opened);
  }
  const std::string value(4096, 'c');
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (auto _ : state) {
    if (!store->Put(synced, std::to_string(++next), value).ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    store.reset();
    folder.reset();
  }
}

}  // namespace

void register_commits() {
  benchmark::RegisterBenchmark("commit a message of 4 KiB, sessions", commit)
      ->Arg(1)
      ->Arg(20)
      ->Arg(100)
      ->UseRealTime();
  benchmark::RegisterBenchmark("limit: RocksDB, a synced write of 4 KiB", rocks)
      ->Threads(1)
      ->Threads(20)
      ->UseRealTime();
}

}  // namespace outrider::bench_micro
