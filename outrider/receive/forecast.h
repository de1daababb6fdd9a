// A question about a recipient that is answered in time, or not at all.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>

#include "outrider/net/io_thread.h"
#include "outrider/receive/options.h"
#include "outrider/smtp/reply.h"

namespace outrider::receive {

/// Asks for at most `patience` of the caller's time, on the caller's thread; nothing: no objection
/// is known. The question goes on when the time is over, so that its answer is kept by the DNS.
boost::asio::awaitable<std::optional<smtp::Reply>> ask_forecast(Forecast forecast,
                                                                net::IoThread& thread,
                                                                Address recipient,
                                                                std::chrono::milliseconds patience);

}  // namespace outrider::receive
