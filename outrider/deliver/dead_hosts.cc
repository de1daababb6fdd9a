#include "outrider/deliver/dead_hosts.h"

#include <algorithm>
#include <utility>

namespace outrider::deliver {

Duration longer(const DeadLimits& limits, Duration before) {
  return before <= Duration(0) ? limits.first : std::min(before * 2, limits.longest);
}

const DeadHosts::Death* DeadHosts::find(const Endpoint& host, Steady time) const {
  const auto at = hosts_.find(host);
  return at != hosts_.end() && time < at->second.until ? &at->second : nullptr;
}

Steady DeadHosts::failed(const Endpoint& host, std::string why, Steady time) {
  if (!hosts_.contains(host)) make_room(time);
  Death& death = hosts_[host];
  // Several deliveries that fail together are one failure.
  if (time >= death.until) {
    death.wait = longer(limits_, death.wait);
    death.until = time + death.wait;
  }
  death.why = std::move(why);
  return death.until;
}

void DeadHosts::answered(const Endpoint& host) {
  if (!hosts_.empty()) hosts_.erase(host);
}

void DeadHosts::make_room(Steady time) {
  if (hosts_.size() < limits_.hosts) return;
  std::erase_if(hosts_, [&](const auto& host) { return host.second.until <= time; });
  if (hosts_.size() < limits_.hosts || hosts_.empty()) return;
  hosts_.erase(
      std::ranges::min_element(hosts_, {}, [](const auto& host) { return host.second.until; }));
}

}  // namespace outrider::deliver
