#include "outrider/deliver/forecast.h"

#include <fmt/format.h>

#include "outrider/base/text.h"
#include "outrider/deliver/security.h"

namespace outrider::deliver {
namespace {

constexpr auto fresh = std::chrono::hours(24);  // a server may be upgraded

std::optional<smtp::Reply> refusal(const ExplainedHost& each, Time now) {
  const trust::Verdict& verdict = each.verdict;
  if (verdict.fallback != trust::Fallback::Return) return std::nullopt;
  if (!verdict.may_try()) return insecure(verdict, verdict.obstacle);
  if (!each.known || now - each.known->last >= fresh) return std::nullopt;
  const auto& known = *each.known;
  const std::string when = rfc3339(known.last);
  if (known.requiretls == "no") {
    return smtp::Reply{550, "5.7.30",
                       fmt::format("{} does not offer REQUIRETLS, as seen at {} (RFC 8689 §4.2.1)",
                                   each.host.name, when)};
  }
  const bool never = known.sessions.verified + known.sessions.unverified == 0;
  if (never && known.sessions.without > 0) {
    return insecure(verdict, fmt::format("{} has no TLS, as seen at {}: {} (RFC 8689 §4.2.1)",
                                         each.host.name, when, known.missed.why));
  }
  return std::nullopt;
}

}  // namespace

std::optional<smtp::Reply> forecast(const Explanation& explanation, Time now) {
  if (!explanation.is_whole) return std::nullopt;
  std::optional<smtp::Reply> first;
  for (const ExplainedHost& each : explanation.hosts) {
    auto refused = refusal(each, now);
    if (!refused) return std::nullopt;
    if (!first) first = std::move(refused);
  }
  return first;
}

}  // namespace outrider::deliver
