// Where a web server is, for the HTTPS client, which looks up no name itself.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/dns/resolver.h"

namespace outrider::policy {

using boost::asio::awaitable;

struct WebAddresses {
  std::vector<IpAddress> found;  ///< 8 at most, of both versions
  std::string why;               ///< where none was found
};

/// The resolver outlives it.
awaitable<WebAddresses> web_addresses(dns::Resolver& resolver, std::string host);

}  // namespace outrider::policy
