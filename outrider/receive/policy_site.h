// The web server of our own MTA-STS policies: one document for each domain, over HTTPS, and nothing
// else (RFC 8461 §3.3). It stands beside the doors for mail because it shares their listeners,
// certificates by name, limits and reload.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "outrider/net/listener.h"
#include "outrider/receive/options.h"
#include "outrider/receive/reception.h"

namespace outrider::receive {

/// The whole answer to a request, of which `head` is the header with the empty line behind it. No
/// byte of the request comes back. HTTP/1.0 and 1.1, GET and HEAD (RFC 9112).
std::string policy_answer(std::string_view head, const ServedPolicies& policies);

/// One connection: TLS, one request, one answer, within 20 seconds.
boost::asio::awaitable<void> serve_policy(std::shared_ptr<Reception> reception,
                                          std::shared_ptr<const Options> options,
                                          const ListenerOptions& listener, net::Accepted accepted);

}  // namespace outrider::receive
