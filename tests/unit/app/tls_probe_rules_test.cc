#include "outrider/app/tls_probe_rules.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "folder.h"
#include "support/source_folder.h"

namespace outrider::app::probe {
namespace {

TEST(ProbeRules, EachHasAnIdOfItsOwnATitleAndASource) {
  std::set<std::string_view> ids;
  for (const auto& rule : all_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_EQ(rule_named(rule.id), &rule);
    EXPECT_FALSE(rule.title.empty() || rule.source.empty()) << rule.id;
    EXPECT_NE(rule.judge, nullptr) << rule.id;
  }
  EXPECT_EQ(rule_named("no-such-rule"), nullptr);
}

TEST(ProbeRules, EachIsInTheDocument) {
  const auto page = content_of(test::source_folder().parent_path() / "docs" / "probe.md");
  for (const auto& rule : all_rules()) {
    EXPECT_THAT(page, testing::HasSubstr("| `" + std::string(rule.id) + "` |"));
  }
}

TEST(ProbeRules, VerdictsHaveTheNamesOfTheReport) {
  EXPECT_EQ(name(Verdict::Pass), "pass");
  EXPECT_EQ(name(Verdict::Note), "note");
  EXPECT_EQ(name(Verdict::Skipped), "skipped");
  EXPECT_EQ(name(Verdict::Warn), "warn");
  EXPECT_EQ(name(Verdict::Fail), "fail");
}

}  // namespace
}  // namespace outrider::app::probe
