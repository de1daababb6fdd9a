// A queue of a few items, which remembers what it was asked.
#pragma once

#include <string>
#include <vector>

#include "outrider/queue/queue.h"

namespace outrider::console {

class FakeQueue final : public queue::Queue {
 public:
  template <class T>
  using awaitable = queue::awaitable<T>;

  std::vector<queue::Item> items;
  queue::Filter asked;
  MessageId after{};
  std::size_t limit = 0;
  std::optional<queue::Action> action;
  bool broken = false;
  bool unreadable = false;

  bool accepting() const override { return true; }
  std::unique_ptr<queue::Incoming> begin() override { return nullptr; }
  void attach(unsigned, boost::asio::any_io_executor,
              std::function<void(queue::DestinationId, const std::string&)>) override {}
  awaitable<std::unique_ptr<queue::Claim>> claim(unsigned, queue::DestinationId) override {
    co_return nullptr;
  }
  void postpone(unsigned, queue::DestinationId, Steady) override {}
  queue::Counts counts() const override {
    return {.messages = items.size(), .held = 1, .active = 0, .deferred = 2, .bytes = 4096};
  }
  awaitable<Result<std::vector<queue::Item>>> list(queue::Filter filter, MessageId behind,
                                                   std::size_t most) override {
    asked = filter;
    after = behind;
    limit = most;
    if (broken) co_return fail(Blame::Environment, "the disk is gone");
    if (filter.ids.empty()) co_return items;
    std::vector<queue::Item> found;
    for (const auto& item : items) {
      if (item.id == filter.ids.front()) found.push_back(item);
    }
    co_return found;
  }
  awaitable<Result<std::string>> content(MessageId, std::size_t most) override {
    limit = most;
    if (unreadable) co_return fail(Blame::Environment, "frame 1 is damaged");
    co_return std::string("Subject: hi\r\n\r\nbody\r\n");
  }
  awaitable<Result<std::uint64_t>> apply(queue::Action wanted, queue::Filter filter) override {
    action = wanted;
    asked = filter;
    co_return std::uint64_t{3};
  }
  void stop() override {}
};

}  // namespace outrider::console
