// A queue in a folder of its own, on threads of its own, and short ways to use it.
#pragma once

#include <gmock/gmock.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "outrider/queue/queue.h"

namespace outrider::queue {

using namespace std::chrono_literals;

class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "outrider-queue-XXXXXX").string();
    if (!mkdtemp(path.data())) throw std::runtime_error("mkdtemp");
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A thread that delivers, as the program has them.
class Loop {
 public:
  Loop() : work_(io_.get_executor()), thread_([this] { io_.run(); }) {}
  ~Loop() {
    work_.reset();
    io_.stop();
    thread_.join();
  }
  boost::asio::any_io_executor executor() { return io_.get_executor(); }

  template <class T>
  T run(awaitable<T> task) {
    return boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future).get();
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

inline mail::Envelope envelope_to(const std::vector<std::string>& recipients,
                                  std::string sender = "sender") {
  mail::Envelope envelope;
  if (!sender.empty()) envelope.reverse_path = {std::move(sender), "example.org"};
  for (const std::string& text : recipients) {
    const auto at = text.find('@');
    mail::Recipient recipient;
    recipient.address = {text.substr(0, at), text.substr(at + 1)};
    envelope.recipients.push_back(std::move(recipient));
  }
  return envelope;
}

inline Outcome outcome(std::uint32_t recipient, mail::RecipientStatus status,
                       std::string reply = "250 2.0.0 taken") {
  return {recipient, status, std::move(reply), "mx.test[192.0.2.1]:25"};
}

class QueueTest : public testing::Test {
 protected:
  QueueTest() {
    options_.path = folder_ / "queue";
    options_.least_free_bytes = 0;
    options_.destination_of = [](const Address& address) { return address.domain; };
    LogOptions log;
    log.path = folder_ / "log";
    log_ = std::make_unique<Log>(log);
  }
  ~QueueTest() override { close(); }

  void open() {
    auto opened = Queue::open(options_, *log_);
    ASSERT_TRUE(opened) << opened.error().text();
    queue_ = std::move(*opened);
    for (unsigned shard = 0; shard < options_.shards; ++shard) {
      queue_->attach(shard, loop_.executor(),
                     [this, shard](DestinationId destination, const std::string& key) {
                       const std::lock_guard guard(lock_);
                       due_[key] = {shard, destination};
                       ++times_due_[key];
                       changed_.notify_all();
                     });
    }
  }
  void close() { queue_.reset(); }
  void reopen() {
    close();
    {
      const std::lock_guard guard(lock_);
      due_.clear();
      times_due_.clear();
    }
    open();
  }

  Result<MessageId> put(mail::Envelope envelope, std::string content = "Subject: x\r\n\r\nx\r\n",
                        std::size_t step = SIZE_MAX) {
    auto task = [&]() -> awaitable<Result<MessageId>> {
      const auto incoming = queue_->begin();
      for (std::size_t from = 0; from < content.size(); from += std::min(step, content.size())) {
        const auto part = std::string_view(content).substr(from, step);
        const auto appended = co_await incoming->append(part);
        if (!appended) co_return std::unexpected(appended.error());
      }
      auto result = co_await incoming->commit(std::move(envelope));
      co_return result;
    };
    return loop_.run(task());
  }

  /// Waits until the destination was called due.
  bool is_due(const std::string& key, Duration patience = 2s) {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, patience, [&] { return due_.contains(key); });
  }

  /// The next claim of a destination, or null after `patience`.
  std::unique_ptr<Claim> claim(const std::string& key, Duration patience = 2s) {
    if (!is_due(key, patience)) return nullptr;
    std::pair<unsigned, DestinationId> place;
    {
      const std::lock_guard guard(lock_);
      place = due_[key];
    }
    for (const auto until = steady_now() + patience;;) {
      auto claimed = loop_.run(queue_->claim(place.first, place.second));
      if (claimed || steady_now() > until) return claimed;
      std::this_thread::sleep_for(1ms);
    }
  }
  void on_loop(std::function<void()> job) {
    auto task = [&]() -> awaitable<void> {
      job();
      co_return;
    };
    loop_.run(task());
  }
  void finish(std::unique_ptr<Claim> claim, std::vector<Outcome> outcomes,
              std::vector<Draft> notices = {}, bool warned = false) {
    on_loop([&] {
      claim->finish(std::move(outcomes), std::move(notices), warned);
      claim.reset();
    });
  }
  void give_back(std::unique_ptr<Claim> claim) {
    on_loop([&] { claim.reset(); });
  }

  Result<std::string> read(Claim& claim) {
    auto task = [&]() -> awaitable<Result<std::string>> {
      std::string content;
      for (;;) {
        const auto part = co_await claim.read();
        if (!part) co_return std::unexpected(part.error());
        if (part->empty()) co_return content;
        content += *part;
      }
    };
    return loop_.run(task());
  }

  std::vector<Item> list(Filter filter = {}, MessageId after = {}, std::size_t limit = 1000) {
    auto items = loop_.run(queue_->list(std::move(filter), after, limit));
    EXPECT_TRUE(items) << items.error().text();
    return items ? std::move(*items) : std::vector<Item>();
  }
  std::uint64_t apply(Action action, Filter filter = {}) {
    const auto count = loop_.run(queue_->apply(action, std::move(filter)));
    EXPECT_TRUE(count) << count.error().text();
    return count.value_or(0);
  }
  template <class Fact>
  bool eventually(Fact fact, Duration patience = 2s) {
    for (const auto until = steady_now() + patience; steady_now() < until;) {
      if (fact()) return true;
      std::this_thread::sleep_for(2ms);
    }
    return fact();
  }
  std::string log_text() {
    log_->flush();
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  Folder folder_;
  Loop loop_;
  Options options_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Queue> queue_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::map<std::string, std::pair<unsigned, DestinationId>> due_;
  std::map<std::string, int> times_due_;
};

}  // namespace outrider::queue
