#include "outrider/policy/sts_record.h"

#include <fmt/format.h>

#include <limits>

#include "outrider/base/text.h"

namespace outrider::policy {
namespace {

constexpr std::string_view head = "outrider-sts 1";
constexpr auto latest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 2);

std::unexpected<Error> damaged() {
  return fail(Blame::Environment, "a damaged record", "sts-policy record, version 1");
}

}  // namespace

// One line of our own, then the policy as it would be served.
std::string write_sts_record(const trust::StsPolicy& policy) {
  return fmt::format("{} {} {}\n{}", head, policy.id, policy.fetched.time_since_epoch().count(),
                     trust::sts_policy_text(policy));
}

Result<trust::StsPolicy> read_sts_record(std::string_view bytes) {
  const auto end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(head)) return damaged();
  const auto id_at = head.size() + 1;
  const auto time_at = line.find(' ', id_at);
  if (time_at == std::string_view::npos) return damaged();
  const auto fetched = parse_number(line.substr(time_at + 1));
  if (!fetched || *fetched > latest) return damaged();
  auto policy = trust::parse_sts_policy(bytes.substr(end + 1));
  if (!policy) return policy;
  policy->id = line.substr(id_at, time_at - id_at);
  policy->fetched = Time(Duration(static_cast<Duration::rep>(*fetched)));
  if (write_sts_record(*policy) != bytes) return damaged();
  return policy;
}

}  // namespace outrider::policy
