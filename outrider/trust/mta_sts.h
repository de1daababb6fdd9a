// A domain's MTA-STS: the TXT record that announces a policy, and the policy. Pure: texts in,
// values out; how they are fetched and kept is the business of `policy`. RFC 8461.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"

namespace outrider::trust {

enum class StsMode { None, Testing, Enforce };
std::string_view name(StsMode mode);  ///< as the policy spells it

struct StsPolicy {
  StsMode mode = StsMode::None;
  std::vector<std::string> mx;      ///< patterns, lower case: `mx.example`, `*.example`
  std::chrono::seconds max_age{0};  ///< 0 to 31557600 (RFC 8461 §3.2); 0: it is not to be kept
  std::string id;                   ///< of the TXT record that announced it
  Time fetched{};

  Time expires() const { return fetched + max_age; }
  bool holds(Time now) const { return now < expires(); }
  bool operator==(const StsPolicy&) const = default;
};

/// The id that a domain's TXT records announce; nothing: no policy, which is what more than one
/// record that begins with `v=STSv1;` means, too (RFC 8461 §3.1).
std::optional<std::string> sts_id(const std::vector<std::string>& texts);

/// Mode, patterns and max_age of a body, by the grammar of RFC 8461 §3.2; an error names the line
/// and the rule. At most 64 KiB.
Result<StsPolicy> parse_sts_policy(std::string_view body);

/// The body to serve for a policy, with CRLF line ends.
std::string sts_policy_text(const StsPolicy& policy);

/// Whether the policy names this host: `*.` stands for exactly one label (RFC 8461 §4.1).
bool sts_covers(const StsPolicy& policy, std::string_view host);

}  // namespace outrider::trust
