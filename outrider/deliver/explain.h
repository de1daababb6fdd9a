// The decision that a delivery would take now, with all it rests on: for `outrider tls explain`.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outrider/deliver/outlook.h"

namespace outrider::deliver {

struct ExplainedHost {
  Host host;
  Outlook outlook;
  trust::Verdict verdict;
  std::optional<trust::HostRecord> known;  ///< in the ledger
};

struct Explanation {
  std::string destination;  ///< the queue's key
  std::string domain;       ///< whose policy counts
  std::string route;        ///< as an operator would write it
  bool connects = true;     ///< false: it goes into a mailbox, or nowhere; there are no hosts then
  std::optional<smtp::Reply> nowhere;        ///< why there is no host
  std::optional<trust::DomainRecord> known;  ///< in the ledger
  std::vector<ExplainedHost> hosts;          ///< in the order in which they would be tried
  bool is_whole = true;                      ///< false: there are others, as in Hosts
};

/// `recipient`: an address; with an empty local-part, the domain's. `wish`: of the message.
awaitable<Explanation> explain(std::shared_ptr<Site> site, Address recipient, trust::Wish wish);

}  // namespace outrider::deliver
