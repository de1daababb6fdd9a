// Work that blocks, on a pool of threads; the coroutine goes on where it was.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace outrider::deliver {

/// The awaitable of what `work` returns. The pool is joined before the loop of the caller ends.
template <class Work>
auto on_pool(boost::asio::thread_pool& pool, Work work) {
  using Answer = std::invoke_result_t<Work&>;
  namespace asio = boost::asio;
  auto begin = [&pool](auto handler, Work job) {
    using Executor = asio::associated_executor<decltype(handler)>;
    auto executor = Executor::get(handler);
    auto guard = asio::make_work_guard(executor);
    auto task = [handler = std::move(handler), job = std::move(job), executor,
                 guard = std::move(guard)]() mutable {
      auto answer = job();
      auto resume = [handler = std::move(handler), answer = std::move(answer)]() mutable {
        std::move(handler)(std::move(answer));
      };
      asio::post(executor, std::move(resume));
    };
    asio::post(pool, std::move(task));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(
      std::move(begin), asio::use_awaitable, std::move(work));
}

}  // namespace outrider::deliver
