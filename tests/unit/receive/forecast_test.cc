#include "outrider/receive/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>

namespace outrider::receive {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<std::optional<smtp::Reply>> slowly(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
  co_return smtp::Reply{550, "5.7.10", "no"};
}

class ForecastTest : public testing::Test {
 protected:
  ForecastTest() { thread_.start(); }
  ~ForecastTest() override { thread_.stop(); }

  std::optional<smtp::Reply> ask(std::chrono::milliseconds takes,
                                 std::chrono::milliseconds patience) {
    Forecast forecast = [takes](const Address&) { return slowly(takes); };
    return asio::co_spawn(
               thread_.executor(),
               ask_forecast(std::move(forecast), thread_, {"ada", "example.org"}, patience),
               asio::use_future)
        .get();
  }

  net::IoThread thread_{0};
};

TEST_F(ForecastTest, IsWhatTheOtherSays) {
  const auto reply = ask(1ms, 10s);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->line(), "550 5.7.10 no");
}

TEST_F(ForecastTest, IsNothingWhenTheTimeIsOver) {
  const auto begin = steady_now();
  EXPECT_FALSE(ask(200ms, 10ms));
  EXPECT_LT(steady_now() - begin, 5s);
}

}  // namespace
}  // namespace outrider::receive
