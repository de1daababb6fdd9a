#include "outrider/receive/forecast.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace outrider::receive {
namespace asio = boost::asio;
namespace {

struct Question {
  Forecast forecast;
  asio::steady_timer answered;
  std::optional<smtp::Reply> reply;
};

asio::awaitable<void> find(std::shared_ptr<Question> question, Address recipient) {
  question->reply = co_await question->forecast(std::move(recipient));
  question->answered.expires_at({});  // for an asker who has not begun to wait, too
}

}  // namespace

asio::awaitable<std::optional<smtp::Reply>> ask_forecast(Forecast forecast, net::IoThread& thread,
                                                         Address recipient,
                                                         std::chrono::milliseconds patience) {
  auto question = std::make_shared<Question>(
      Question{std::move(forecast), asio::steady_timer(thread.executor(), patience), {}});
  thread.spawn(find(question, std::move(recipient)));
  boost::system::error_code cancelled;
  co_await question->answered.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return question->reply;
}

}  // namespace outrider::receive
