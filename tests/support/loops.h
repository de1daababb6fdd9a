// Coroutines of a resolver, each run to its end on a loop of its own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <deque>
#include <mutex>
#include <utility>

namespace outrider::test {

/// Declared before the resolver: as dns::Resolver::close() asks, loops are destroyed after it. Safe
/// from any thread.
class Loops {
 public:
  boost::asio::io_context& add() {
    const std::lock_guard held(lock_);
    return loops_.emplace_back();
  }

  template <class T>
  T run(boost::asio::awaitable<T> question) {
    auto& loop = add();
    auto answer = boost::asio::co_spawn(loop, std::move(question), boost::asio::use_future);
    loop.run();
    return answer.get();
  }

 private:
  std::mutex lock_;
  std::deque<boost::asio::io_context> loops_;
};

}  // namespace outrider::test
