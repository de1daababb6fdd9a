// A queue without a disk, whose faults a test chooses: which step fails, and how long it takes.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outrider/queue/queue.h"

namespace outrider::test {

class MemoryQueue final : public queue::Queue {
 public:
  template <class T>
  using awaitable = queue::awaitable<T>;

  struct Message {
    MessageId id;
    mail::Envelope envelope;
    std::string content;
  };

  std::atomic<bool> accepts{true};
  std::atomic<int> fail_append_after{-1};  ///< so many appends of all messages work; -1: all
  std::atomic<bool> fail_commit{false};
  std::atomic<int> delay_ms{0};           ///< of each append and commit
  std::atomic<int> begun{0}, dropped{0};  ///< messages; dropped: destroyed before their commit

  std::vector<Message> messages() const {
    const std::lock_guard guard(lock_);
    return messages_;
  }

  bool accepting() const override { return accepts; }
  std::unique_ptr<queue::Incoming> begin() override {
    return std::make_unique<Part>(*this, MessageId{static_cast<std::uint64_t>(++begun)});
  }

  void attach(unsigned, boost::asio::any_io_executor,
              std::function<void(queue::DestinationId, const std::string&)>) override {}
  awaitable<std::unique_ptr<queue::Claim>> claim(unsigned, queue::DestinationId) override {
    co_return nullptr;
  }
  void postpone(unsigned, queue::DestinationId, Steady) override {}
  queue::Counts counts() const override {
    queue::Counts counts;
    counts.messages = messages().size();
    return counts;
  }
  awaitable<Result<std::vector<queue::Item>>> list(queue::Filter, MessageId, std::size_t) override {
    co_return std::vector<queue::Item>{};
  }
  awaitable<Result<std::string>> content(MessageId id, std::size_t limit) override {
    for (const Message& message : messages()) {
      if (message.id == id) co_return message.content.substr(0, limit);
    }
    co_return fail(Blame::Operator, "no such message", {}, id.text());
  }
  awaitable<Result<std::uint64_t>> apply(queue::Action, queue::Filter) override {
    co_return std::uint64_t{0};
  }
  void stop() override {}

 private:
  class Part final : public queue::Incoming {
   public:
    Part(MemoryQueue& queue, MessageId id) : queue_(queue) { message_.id = id; }
    ~Part() override {
      if (!committed_) ++queue_.dropped;
    }
    awaitable<Result<void>> append(std::string_view bytes) override {
      co_await queue_.wait();
      if (queue_.fail_append_after >= 0 && queue_.fail_append_after-- == 0) {
        queue_.fail_append_after = 0;
        co_return fail(Blame::Environment, "append failed as asked");
      }
      message_.content.append(bytes);
      co_return Result<void>{};
    }
    awaitable<Result<MessageId>> commit(mail::Envelope envelope) override {
      co_await queue_.wait();
      if (queue_.fail_commit) co_return fail(Blame::Environment, "commit failed as asked");
      message_.envelope = std::move(envelope);
      const MessageId id = message_.id;
      const std::lock_guard guard(queue_.lock_);
      queue_.messages_.push_back(std::move(message_));
      committed_ = true;
      co_return id;
    }
    MessageId id() const override { return message_.id; }

   private:
    MemoryQueue& queue_;
    Message message_;
    bool committed_ = false;
  };

  awaitable<void> wait() {
    if (delay_ms <= 0) co_return;
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::steady_timer timer(executor, std::chrono::milliseconds(delay_ms));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }

  mutable std::mutex lock_;
  std::vector<Message> messages_;
};

}  // namespace outrider::test
