#include "outrider/policy/sts_entry.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace outrider::policy {
namespace {

// A clock that was set back makes nothing young again.
bool is_within(Time since, Duration span, Time now) { return since <= now && now - since < span; }

}  // namespace

std::string_view result_type(StsFailure::Kind kind) {
  switch (kind) {
    case StsFailure::Kind::Fetch: return "sts-policy-fetch-error";
    case StsFailure::Kind::Certificate: return "sts-webpki-invalid";
    case StsFailure::Kind::Policy: return "sts-policy-invalid";
  }
  return "";
}

std::shared_ptr<const StsPolicy> policy_at(const StsEntry& entry, Time now) {
  return entry.policy && entry.policy->holds(now) ? entry.policy : nullptr;
}

bool is_checked(const StsEntry& entry, Time now, const StsRules& rules) {
  return is_within(entry.checked, rules.check, now);
}

bool wants_refresh(const StsEntry& entry, Time now, const StsRules& rules) {
  return policy_at(entry, now) && entry.refresh_at <= now &&
         is_within(entry.used, rules.unused, now);
}

bool is_idle(const StsEntry& entry, Time now, const StsRules& rules) {
  return !policy_at(entry, now) && entry.retry_at <= now && !is_checked(entry, now, rules);
}

std::optional<std::string> id_to_fetch(const StsEntry& entry, const StsAnnouncement& announced,
                                       Time now) {
  const auto policy = policy_at(entry, now);
  // Nobody knows the id: a policy that is due is authentic without it.
  const auto id = !announced.is_known && policy ? std::optional(policy->id) : announced.id;
  if (!id) return std::nullopt;
  if (entry.failed_id == *id && now < entry.retry_at) return std::nullopt;
  if (policy && policy->id == *id && now < entry.refresh_at) return std::nullopt;
  return id;
}

Time refresh_time(const StsPolicy& policy, std::string_view domain, const StsRules& rules) {
  const Duration whole = std::min<Duration>(rules.refresh, policy.max_age / 2);
  const auto spread = std::hash<std::string_view>()(domain) % 256;  // up to a quarter earlier
  return policy.fetched + whole - whole * static_cast<int>(spread) / 1024;
}

void take_policy(StsEntry& entry, std::shared_ptr<const StsPolicy> policy, std::string_view domain,
                 const StsRules& rules) {
  entry.refresh_at = refresh_time(*policy, domain, rules);
  // One that is over at once is not fetched for each message, either.
  entry.failed_id = policy->id;
  entry.retry_at = policy->max_age < rules.back_off ? policy->fetched + rules.back_off : Time{};
  entry.policy = std::move(policy);
  entry.failure.reset();
}

void take_failure(StsEntry& entry, const std::string& id, StsFailure failure,
                  const StsRules& rules) {
  entry.failed_id = id;
  entry.retry_at = failure.when + rules.back_off;
  entry.refresh_at = std::max(entry.refresh_at, entry.retry_at);
  entry.failure = std::move(failure);
}

void take_announcement(StsEntry& entry, const StsAnnouncement& announced, bool fetches, Time now,
                       const StsRules& rules) {
  entry.unknown = announced.why;
  if (!fetches && entry.refresh_at <= now) entry.refresh_at = now + rules.back_off;
}

}  // namespace outrider::policy
