// Any bytes as a policy or an announcement: what is read has its bounds, and what is written of it
// is read again as the same.
#include <cstdint>
#include <cstdlib>

#include "outrider/trust/mta_sts.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace outrider::trust;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (const auto id = sts_id({bytes})) require(!id->empty() && id->size() <= 32);
  const auto policy = parse_sts_policy(bytes);
  if (!policy) {
    require(!policy.error().text().empty());
    return 0;
  }
  require(policy->max_age.count() >= 0 && policy->max_age.count() <= 31557600);
  require(policy->mode == StsMode::None || !policy->mx.empty());
  for (const auto& pattern : policy->mx) {
    std::string host = pattern.starts_with("*.") ? "a" + pattern.substr(1) : pattern;
    require(sts_covers(*policy, host));
  }
  const auto again = parse_sts_policy(sts_policy_text(*policy));
  require(!again || *again == *policy);
  require(again || sts_policy_text(*policy).size() > 64 << 10);
  return 0;
}
