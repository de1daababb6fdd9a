// A coroutine that waits for another thread, and how it goes on.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

namespace outrider::queue {

using boost::asio::awaitable;

/// A suspended coroutine: `resume` is to be called once, on `executor`. Dropped, it ends it.
struct Waiter {
  boost::asio::any_io_executor executor;
  std::move_only_function<void()> resume;
};

/// Suspends the running coroutine and gives it to `hand_over` as a Waiter. What `hand_over` refers
/// to lives in the coroutine.
template <class HandOver>
awaitable<void> suspend(HandOver& hand_over) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto initiate = [&](auto handler) { hand_over(Waiter{std::move(executor), std::move(handler)}); };
  constexpr boost::asio::use_awaitable_t<> token;
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(initiate,
                                                                                     token);
}

/// Runs `work` on a thread of `pool` and comes back to the coroutine's own.
template <class Work>
awaitable<void> on_pool(boost::asio::thread_pool& pool, Work& work) {
  auto hand_over = [&](Waiter waiter) {
    boost::asio::post(pool, [&work, waiter = std::move(waiter)]() mutable {
      work();
      const auto executor = waiter.executor;
      boost::asio::post(executor, std::move(waiter.resume));
    });
  };
  co_await suspend(hand_over);
}

}  // namespace outrider::queue
