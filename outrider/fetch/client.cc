#include "outrider/fetch/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fstream>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/fetch/special_address.h"
#include "outrider/fetch/transfers.h"

namespace outrider::fetch {
namespace {

namespace asio = boost::asio;
using There = std::shared_ptr<Transfers>;

/// Leaves the request, and brings the answer back to where the handler lives.
struct Initiate {
  template <class Handler>
  void operator()(Handler handler, There there, Order order) const {
    const auto number = there->next_number();
    auto slot = asio::associated_cancellation_slot<Handler>::get(handler);
    if (slot.is_connected()) {
      std::weak_ptr<Transfers> later = there;
      slot.assign([later, number](asio::cancellation_type) {
        if (const auto still = later.lock()) still->cancel(number);
      });
    }
    const auto home = asio::associated_executor<Handler>::get(handler);
    auto work = asio::make_work_guard(home);
    auto done = [handler = std::move(handler), home,
                 work = std::move(work)](Answer answer) mutable {
      // The guard goes with the answer: once that has arrived, the loop may be gone at any moment.
      asio::post(home,
                 [handler = std::move(handler), answer = std::move(answer),
                  work = std::move(work)]() mutable { std::move(handler)(std::move(answer)); });
    };
    there->ask(number, std::move(order), std::move(done));
  }
};

/// What of the request breaks our own rules; empty: nothing.
std::string objection_to(const Order& order, const Options& options) {
  const Request& request = order.request;
  const auto is_odd = [](std::string_view type) {
    return type.size() > 200 ||
           !std::ranges::all_of(type, [](char c) { return c > 31 && c < 127; });
  };
  if (is_odd(request.wanted_type) || is_odd(request.body_type)) {
    return "a media type is printable ASCII of at most 200 bytes";
  }
  if (request.limit <= Duration(0) || request.connect_limit <= Duration(0)) {
    return "a limit of time is 1 ms and more";
  }
  if (request.addresses.empty()) return "the host has no address";
  if (options.special_addresses) return {};
  for (const IpAddress& address : request.addresses) {
    if (!is_special(address)) continue;
    return fmt::format("{} is an address of special use (RFC 6890): it is not asked",
                       address.text());
  }
  return {};
}

awaitable<Answer> carry_out(There there, Request request, bool is_post) {
  Order order{std::move(request), {}, is_post};
  auto url = parse_url(order.request.url);
  if (!url) {
    co_return std::unexpected(Failure{Fault::Refused, 0, std::move(url.error())});
  }
  order.url = std::move(*url);
  if (const auto rule = objection_to(order, there->options()); !rule.empty()) {
    co_return refused(order, rule);
  }
  auto answered = asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(
      Initiate{}, asio::use_awaitable, std::move(there), std::move(order));
  Answer answer = co_await std::move(answered);
  co_return answer;
}

Result<void> check_authorities(const std::string& path) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("-----BEGIN CERTIFICATE-----")) return {};
  }
  return fail(Blame::Operator, "no certificate can be read", "a CA file is PEM", printable(path));
}

}  // namespace

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::Refused: return "refused";
    case Fault::Unreachable: return "unreachable";
    case Fault::Handshake: return "handshake";
    case Fault::Certificate: return "certificate";
    case Fault::TimedOut: return "timed-out";
    case Fault::Status: return "status";
    case Fault::Content: return "content";
  }
  return "";
}

Result<std::unique_ptr<Client>> Client::open(Options options) {
  if (auto checked = check_authorities(options.ca_file); !checked) {
    return std::unexpected(checked.error());
  }
  auto transfers = Transfers::open(std::move(options));
  if (!transfers) return std::unexpected(transfers.error());
  return std::unique_ptr<Client>(new Client(std::move(*transfers)));
}

// Coroutines that wait hold the transfers too, and go on with failures.
Client::~Client() { transfers_->close(); }

void Client::close() { transfers_->close(); }

awaitable<Answer> Client::get(Request request) {
  return carry_out(transfers_, std::move(request), false);
}

awaitable<Answer> Client::post(Request request) {
  return carry_out(transfers_, std::move(request), true);
}

}  // namespace outrider::fetch
