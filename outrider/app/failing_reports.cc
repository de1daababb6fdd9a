#include "outrider/app/failing_reports.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "outrider/app/config.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace {

struct Failed {
  std::uint64_t failed = 0, all = 0;
  std::string_view type = "reason unknown";
};

}  // namespace

OwnNames own_names(const Config& config) {
  OwnNames names{to_lower(config.hostname)};
  for (const auto& [domain, publication] : config.publications) names.insert(domain);
  return names;
}

std::vector<policy::Alarm> failing_alarms(const report::TlsReport& report, const OwnNames& own,
                                          Time when) {
  std::map<std::string, Failed> by_name;
  for (const auto& policy : report.policies) {
    const auto name = own.find(to_lower(policy.domain));
    if (name == own.end() || policy.failed == 0) continue;
    auto& sum = by_name[*name];
    sum.failed += policy.failed;
    sum.all += policy.failed + policy.succeeded;
    if (!policy.details.empty()) sum.type = policy.details.front().result;
  }
  std::vector<policy::Alarm> alarms;
  for (const auto& [name, sum] : by_name) {
    auto& alarm = alarms.emplace_back();
    alarm.kind = policy::Alarm::Kind::ReportsFailing;
    alarm.domain = name;
    alarm.when = when;
    alarm.why = fmt::format("{} reports {} of {} sessions that failed ({}), report {}",
                            report.organization, sum.failed, sum.all, sum.type, report.id);
  }
  return alarms;
}

}  // namespace outrider::app
