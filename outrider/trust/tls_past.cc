#include "outrider/trust/tls_past.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace outrider::trust {

void TlsPast::seen(const std::string& host, std::string_view version, Time now) {
  auto at = hosts_.find(host);
  if (at == hosts_.end()) {
    if (most_ == 0) return;
    make_room(now);
    at = hosts_.try_emplace(host).first;
  }
  remember(at->second, version, now);
}

std::optional<Absence> TlsPast::missed(const std::string& host, Time now) {
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return std::nullopt;
  if (judge(&at->second, false, now, rules_) == Change::AsBefore) {
    hosts_.erase(at);  // it expired
    return std::nullopt;
  }
  return miss(at->second, now, rules_);
}

bool TlsPast::forget(const std::string& host) {
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return false;
  hosts_.erase(at);
  return true;
}

const TlsHistory* TlsPast::find(const std::string& host) const {
  const auto at = hosts_.find(host);
  return at == hosts_.end() ? nullptr : &at->second;
}

// Those that were seen longest ago go, some at a time, so that a flood of new ones is not a search
// for each. An attacker who fills the table has to keep his newer than those that mail comes from.
void TlsPast::make_room(Time now) {
  if (hosts_.size() < most_) return;
  std::erase_if(hosts_, [&](const auto& each) { return !is_fresh(each.second, now, rules_); });
  if (hosts_.size() < most_) return;
  std::vector<Time> times;
  times.reserve(hosts_.size());
  for (const auto& [host, history] : hosts_) times.push_back(history.last);
  const auto last_to_go = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 16);
  std::ranges::nth_element(times, last_to_go);
  std::erase_if(hosts_, [&](const auto& each) { return each.second.last <= *last_to_go; });
}

}  // namespace outrider::trust
