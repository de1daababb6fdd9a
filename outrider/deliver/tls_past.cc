#include "outrider/deliver/tls_past.h"

#include <algorithm>

namespace outrider::deliver {

void TlsPast::seen(const std::string& host, std::string_view version, Time now) {
  auto at = hosts_.find(host);
  if (at == hosts_.end()) {
    if (most_ == 0) return;
    make_room(now);
    at = hosts_.try_emplace(host).first;
  }
  trust::remember(at->second, version, now);
}

std::optional<trust::Absence> TlsPast::missed(const std::string& host, Time now) {
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return std::nullopt;
  if (trust::judge(&at->second, false, now, rules_) == trust::Change::AsBefore) {
    hosts_.erase(at);  // it expired
    return std::nullopt;
  }
  return trust::miss(at->second, now, rules_);
}

bool TlsPast::forget(const std::string& host) {
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return false;
  hosts_.erase(at);
  return true;
}

const trust::TlsHistory* TlsPast::find(const std::string& host) const {
  const auto at = hosts_.find(host);
  return at == hosts_.end() ? nullptr : &at->second;
}

// The one that was seen longest ago goes; an attacker who fills the table with hosts of his own
// has to keep them newer than those that mail goes to.
void TlsPast::make_room(Time now) {
  if (hosts_.size() < most_) return;
  std::erase_if(hosts_,
                [&](const auto& each) { return !trust::is_fresh(each.second, now, rules_); });
  if (hosts_.size() < most_) return;
  hosts_.erase(
      std::ranges::min_element(hosts_, {}, [](const auto& each) { return each.second.last; }));
}

}  // namespace outrider::deliver
