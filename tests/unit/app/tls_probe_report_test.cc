#include "outrider/app/tls_probe_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace outrider::app::probe {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Report report_of(std::vector<Verdict> verdicts) {
  Report report{.server = "mx.test:25", .mode = "STARTTLS", .judged = {}};
  for (const auto verdict : verdicts) {
    report.judged.push_back(
        {rule_named("offer"), {verdict, "offered", {"C: EHLO me", "S: 250 you"}}});
  }
  return report;
}

TEST(ProbeReport, ALineHasVerdictIdTitleSourceAndText) {
  const auto report = report_of({Verdict::Pass});
  const auto line = line_of(report.judged.front());
  EXPECT_THAT(line, StartsWith("pass     offer "));
  EXPECT_THAT(line, HasSubstr("  STARTTLS is offered (RFC 3207 §3): offered\n"));
  EXPECT_EQ(evidence_of(report.judged.front()), "         C: EHLO me\n         S: 250 you\n");
}

TEST(ProbeReport, OnlyAFailureIsBad) {
  EXPECT_TRUE(report_of({Verdict::Pass, Verdict::Warn, Verdict::Note, Verdict::Skipped}).good());
  EXPECT_FALSE(report_of({Verdict::Pass, Verdict::Fail}).good());
  EXPECT_EQ(summary_of(report_of({Verdict::Fail, Verdict::Pass, Verdict::Pass})),
            "mx.test:25 (STARTTLS): 2 pass, 1 fail\n");
}

TEST(ProbeReport, JsonHasAllOfIt) {
  const auto json = nlohmann::json::parse(json_of(report_of({Verdict::Fail, Verdict::Pass})));
  EXPECT_EQ(json["server"], "mx.test:25");
  EXPECT_EQ(json["good"], false);
  EXPECT_EQ(json["counts"]["fail"], 1);
  EXPECT_EQ(json["counts"]["warn"], 0);
  const auto& rule = json["rules"][0];
  EXPECT_EQ(rule["id"], "offer");
  EXPECT_EQ(rule["source"], "RFC 3207 §3");
  EXPECT_EQ(rule["verdict"], "fail");
  EXPECT_EQ(rule["evidence"][1], "S: 250 you");
}

TEST(ProbeReport, TheRulesAreListedForBoth) {
  const auto json = nlohmann::json::parse(json_of_rules());
  EXPECT_EQ(json.size(), all_rules().size());
  for (const auto& rule : all_rules()) EXPECT_THAT(text_of_rules(), HasSubstr(rule.id));
}

}  // namespace
}  // namespace outrider::app::probe
