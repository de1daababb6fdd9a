#include "outrider/app/failing_reports.h"

#include <gmock/gmock.h>

#include "outrider/app/config.h"

namespace outrider::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

report::TlsReport about(std::vector<report::PolicyResult> policies) {
  return {"Sender", "a@sender.example", "1", {}, {}, std::move(policies)};
}
report::PolicyResult policy(std::string domain, std::uint64_t failed) {
  return {"sts", {}, std::move(domain), {}, 5, failed, {{.result = "certificate-expired"}}};
}

const OwnNames own{"example.org", "mx.example.org"};

TEST(FailingReports, AboutStrangersRaiseNothing) {
  EXPECT_THAT(failing_alarms(about({policy("victim.example", 3)}), own, {}), IsEmpty());
  EXPECT_THAT(failing_alarms(about({policy("example.org", 0)}), own, {}), IsEmpty());
  EXPECT_THAT(failing_alarms(about({policy("sub.example.org", 1)}), own, {}), IsEmpty());
}

TEST(FailingReports, AreToldByOurOwnName) {
  const auto alarms = failing_alarms(
      about({policy("x.example", 9), policy("Example.ORG", 2), policy("example.org", 1)}), own, {});
  ASSERT_THAT(alarms, SizeIs(1));
  EXPECT_EQ(alarms[0].kind, policy::Alarm::Kind::ReportsFailing);
  EXPECT_EQ(alarms[0].domain, "example.org");
  EXPECT_THAT(alarms[0].why, HasSubstr("Sender reports 3 of 13 sessions that failed "
                                       "(certificate-expired), report 1"));
}

TEST(FailingReports, AboutTlsaRecordsNameOurHost) {
  const auto alarms = failing_alarms(about({policy("mx.example.org", 1)}), own, {});
  ASSERT_THAT(alarms, SizeIs(1));
  EXPECT_EQ(alarms[0].domain, "mx.example.org");
}

TEST(OwnNames, AreDomainsAndHost) {
  const auto config = load_config(
      "hostname = \"MX.example.org\"\n[[domain]]\nname = \"Example.org\"\ndeliver = \"discard\"\n",
      "x.toml");
  ASSERT_TRUE(config) << config.error().front().text();
  EXPECT_THAT(own_names(*config), ElementsAre("example.org", "mx.example.org"));
}

}  // namespace
}  // namespace outrider::app
