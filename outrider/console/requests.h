// Requests to answers: what the queue's types look like as JSON. Within this module only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "outrider/base/result.h"
#include "outrider/console/server.h"

namespace outrider::console {

using boost::asio::awaitable;

/// The answer to one line, without its line end. A bad request has an answer, too.
awaitable<std::string> answer(std::string request, queue::Queue& queue, const Actions& actions,
                              Log& log, std::string who);
/// The answer that says why there is none.
std::string failed(std::string_view why);

boost::json::object item_to_json(const queue::Item& item);
/// The parts `ids`, `sender`, `recipient`, `destination`, `held` of a request.
Result<queue::Filter> filter_of(const boost::json::object& request);

}  // namespace outrider::console
