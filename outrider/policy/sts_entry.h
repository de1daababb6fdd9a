// What is remembered of a domain's MTA-STS, and what time makes of it. Pure: time comes in.
//
// A policy holds until its max_age is over, whatever happens to the TXT record or the web server
// meanwhile: who can break either must not be able to take it away (RFC 8461 §3.3, §5.1, §10.2).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/clock.h"
#include "outrider/trust/mta_sts.h"

namespace outrider::policy {

using trust::StsMode;
using trust::StsPolicy;

/// Why a policy that a domain announces is not had.
struct StsFailure {
  enum class Kind { Fetch, Certificate, Policy } kind = Kind::Fetch;
  std::string why;  ///< printable
  Time when{};
};
/// RFC 8460 §4.3.2.2: `sts-policy-fetch-error`, `sts-webpki-invalid`, `sts-policy-invalid`.
std::string_view result_type(StsFailure::Kind kind);

struct StsRules {
  Duration check = std::chrono::minutes(1);       ///< the TXT record is asked for again after that
  Duration back_off = std::chrono::minutes(5);    ///< after a failed fetch (RFC 8461 §3.3)
  Duration refresh = std::chrono::hours(24);      ///< a policy is fetched again after that
  Duration unused = std::chrono::hours(24 * 30);  ///< without mail it is not refreshed any more
  Duration wait = std::chrono::seconds(10);       ///< of a delivery for an answer
  Duration limit = std::chrono::seconds(60);      ///< of a fetch (RFC 8461 §3.3)
  std::size_t most = 20000;                       ///< domains that are remembered
  std::size_t most_renewals = 1000;               ///< at a time
};

/// What the DNS says of a domain: an id, none, or nobody knows.
struct StsAnnouncement {
  std::optional<std::string> id;
  bool is_known = true;
  std::string why;  ///< where it is not known
};

struct StsEntry {
  std::shared_ptr<const StsPolicy> policy;
  Time checked{};       ///< the end of the last lookup, whatever it gave
  Time used{};          ///< by a delivery
  std::string unknown;  ///< why the DNS did not tell at the last lookup
  Time refresh_at{};
  std::optional<StsFailure> failure;  ///< the last, until a fetch succeeds
  std::string failed_id;              ///< that was fetched in vain, or for a moment
  Time retry_at{};                    ///< no fetch for `failed_id` before
};

/// The policy, where one holds.
std::shared_ptr<const StsPolicy> policy_at(const StsEntry& entry, Time now);
bool is_checked(const StsEntry& entry, Time now, const StsRules& rules);
bool wants_refresh(const StsEntry& entry, Time now, const StsRules& rules);
/// Neither a policy nor a failure to remember.
bool is_idle(const StsEntry& entry, Time now, const StsRules& rules);

/// The id for which the policy is to be fetched now; nothing: what is known stays.
std::optional<std::string> id_to_fetch(const StsEntry& entry, const StsAnnouncement& announced,
                                       Time now);

/// When a policy is fetched again: in time before its end, not at the same moment for all.
Time refresh_time(const StsPolicy& policy, std::string_view domain, const StsRules& rules);

void take_policy(StsEntry& entry, std::shared_ptr<const StsPolicy> policy, std::string_view domain,
                 const StsRules& rules);
void take_failure(StsEntry& entry, const std::string& id, StsFailure failure,
                  const StsRules& rules);
/// What the DNS said, and `fetches` on it.
void take_announcement(StsEntry& entry, const StsAnnouncement& announced, bool fetches, Time now,
                       const StsRules& rules);

}  // namespace outrider::policy
