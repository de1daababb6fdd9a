// How a policy is found: the announcement by TXT, then the body by HTTPS (RFC 8461 §3.1, §3.3).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <expected>
#include <string>

#include "outrider/dns/resolver.h"
#include "outrider/fetch/client.h"
#include "outrider/policy/sts_entry.h"

namespace outrider::policy {

using boost::asio::awaitable;

/// All of it outlives the coroutines below.
struct StsSources {
  dns::Resolver& resolver;
  fetch::Client& client;
};

/// `domain` in lower case and ASCII: names above it are not asked (RFC 8461 §3.4).
awaitable<StsAnnouncement> ask_sts_announcement(const StsSources& sources, std::string domain);

using StsFetched = std::expected<StsPolicy, StsFailure>;
awaitable<StsFetched> fetch_sts_policy(const StsSources& sources, std::string domain,
                                       std::string id, Duration limit);

}  // namespace outrider::policy
