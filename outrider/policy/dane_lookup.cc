#include "outrider/policy/dane_lookup.h"

#include <algorithm>
#include <utility>

namespace outrider::policy {
namespace {

using trust::DaneState;

// What an answer that is no answer means.
trust::DaneFacts unknown(const dns::Answer& answer) {
  trust::DaneFacts facts;
  facts.state = answer.disputed                       ? DaneState::Disputed
                : answer.status == dns::Status::Bogus ? DaneState::Bogus
                                                      : DaneState::Failed;
  facts.why = answer.why;
  return facts;
}

DaneAnswer in_state(DaneState state, std::chrono::seconds ttl) {
  DaneAnswer answer;
  answer.facts.state = state;
  answer.ttl = ttl;
  return answer;
}

}  // namespace

awaitable<DaneAnswer> look_up_dane(dns::Resolver& resolver, trust::DaneHost host,
                                   std::uint16_t port) {
  std::chrono::seconds ttl = std::chrono::hours(1);
  bool alias_is_secure = false;
  if (trust::needs_alias(host)) {
    const dns::Answer alias = co_await resolver.alias(host.name);
    if (alias.temporary()) co_return DaneAnswer{unknown(alias), {}};
    alias_is_secure = alias.found() && alias.secure;
    ttl = std::min(ttl, alias.ttl);
  }
  const auto bases = trust::tlsa_bases(host, alias_is_secure);
  if (bases.empty()) {
    co_return in_state(host.is_address ? DaneState::Off : DaneState::Insecure, ttl);
  }
  for (const std::string& base : bases) {
    dns::TlsaAnswer tlsa = co_await resolver.tlsa(trust::tlsa_name(base, port));
    if (tlsa.temporary()) co_return DaneAnswer{unknown(tlsa), {}};
    ttl = std::min(ttl, tlsa.ttl);
    auto settled = trust::settle_base(base, tlsa.found() && tlsa.secure, std::move(tlsa.records));
    if (settled) co_return DaneAnswer{std::move(*settled), ttl};
  }
  co_return in_state(DaneState::Absent, ttl);
}

}  // namespace outrider::policy
