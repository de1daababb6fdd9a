// Mail of a domain that came with TLS before and comes without it now: the inbound side of what
// deliver does for hosts. The rules are those of trust/history.h.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/ip.h"
#include "outrider/base/tls_facts.h"
#include "outrider/trust/tls_past.h"

namespace outrider::receive {

/// What is done about it.
enum class PastRule {
  Off,
  Tell,  ///< an alarm in the log
  Delay  ///< and 450 4.7.0 for a while
};

/// Who is meant: a domain may be named by anybody, so the client's network belongs to it.
std::string past_key(std::string_view sender_domain, const IpAddress& client);

/// Safe from any thread: a domain's connections come to all of them.
class Past {
 public:
  explicit Past(const trust::HistoryRules& rules) : past_(rules) {}

  /// At MAIL; `tls` null in clear. What is missed, where TLS was there before.
  std::optional<trust::Absence> judge(const std::string& key, const TlsFacts* tls, Time now);

 private:
  std::mutex lock_;
  trust::TlsPast past_;
};

}  // namespace outrider::receive
