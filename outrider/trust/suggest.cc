#include "outrider/trust/suggest.h"

#include <fmt/format.h>

#include <algorithm>

namespace outrider::trust {
namespace {

// The newest of the words of all hosts.
template <class Words, class When>
std::string newest(const std::vector<HostRecord>& hosts, Words words, When when) {
  const HostRecord* best = nullptr;
  for (const HostRecord& host : hosts) {
    if (!words(host).empty() && (best == nullptr || when(host) > when(*best))) best = &host;
  }
  return best == nullptr ? "nobody knows why any more" : words(*best);
}

bool are_proven_otherwise(const std::vector<HostRecord>& hosts) {
  return std::ranges::any_of(hosts,
                             [](const HostRecord& host) { return host.proof.starts_with("dane"); });
}

// A route that asks for less than the default would take security away.
void compare(Suggestion& suggestion, Level in_force) {
  // DANE is heard beside the suggested levels, too; without records it asks for no more than this.
  if (in_force == Level::Dane) in_force = Level::Opportunistic;
  if (!suggestion.level || *suggestion.level > in_force) return;
  suggestion.why = *suggestion.level == in_force
                       ? fmt::format("the default asks for {} already", name(in_force))
                       : fmt::format("the default ({}) is stricter already", name(in_force));
  suggestion.level.reset();
}

}  // namespace

std::optional<Suggestion> suggest(const DomainRecord& domain, const std::vector<HostRecord>& hosts,
                                  Level in_force, Time now, std::uint64_t days) {
  Suggestion suggestion;
  const Sessions& sessions = suggestion.sessions = lately(domain, now, days);
  if (sessions.all() == 0) return std::nullopt;
  if (sessions.without > 0) {
    suggestion.lost = sessions.without;
    suggestion.why = "no TLS: " + newest(
                                      hosts, [](const auto& host) { return host.missed.why; },
                                      [](const auto& host) { return host.missed.when; });
    return suggestion;
  }
  if (are_proven_otherwise(hosts)) {
    suggestion.why = "its own TLSA records are kept to already (DANE)";
    return suggestion;
  }
  suggestion.level = sessions.unverified == 0 ? Level::Verify : Level::Encrypt;
  suggestion.lost = sessions.unverified;
  suggestion.why = sessions.unverified == 0
                       ? "all sessions were with a host that an authority proves"
                       : "unproven: " + newest(
                                            hosts, [](const auto& host) { return host.doubt; },
                                            [](const auto& host) { return host.last; });
  compare(suggestion, in_force);
  return suggestion;
}

}  // namespace outrider::trust
