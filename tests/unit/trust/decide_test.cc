#include "outrider/trust/decide.h"

#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

struct Row {
  const char* name;
  Level site;
  Fallback fallback;
  bool wants_tls, requires_tls, requires_name;
};

constexpr Row rows[] = {
    {"none", Level::None, Fallback::Plaintext, false, false, false},
    {"opportunistic", Level::Opportunistic, Fallback::Plaintext, true, false, false},
    {"encrypt", Level::Encrypt, Fallback::Wait, true, true, false},
    {"verify", Level::Verify, Fallback::Wait, true, true, true},
};

Facts facts_with(Level site) { return {"example.org", "mx.example.org", site, "route"}; }

TEST(Decide, FollowsTheTable) {
  for (const auto& row : rows) {
    const auto verdict = decide(facts_with(row.site));
    EXPECT_EQ(verdict.level, row.site) << row.name;
    EXPECT_EQ(verdict.fallback, row.fallback) << row.name;
    EXPECT_EQ(verdict.wants_tls(), row.wants_tls) << row.name;
    EXPECT_EQ(verdict.requires_tls(), row.requires_tls) << row.name;
    EXPECT_EQ(verdict.requires_name(), row.requires_name) << row.name;
  }
}

TEST(Decide, SaysWhoseDemandItWas) {
  for (const auto& row : rows) {
    const auto verdict = decide(facts_with(row.site));
    ASSERT_EQ(verdict.reasons.size(), 1u) << row.name;
    EXPECT_EQ(verdict.reasons[0].level, row.site) << row.name;
    EXPECT_EQ(verdict.reasons[0].source, "route") << row.name;
    EXPECT_FALSE(verdict.reasons[0].rule.empty()) << row.name;
  }
  EXPECT_EQ(decide({.destination = "example.org"}).reasons[0].source, "default");
}

TEST(Decide, ExpectsTheHostOrTheDestination) {
  const std::vector<std::string> both{"mx.example.org", "example.org"};
  EXPECT_EQ(decide(facts_with(Level::Verify)).names, both);
  EXPECT_TRUE(decide(facts_with(Level::None)).names.empty());
}

TEST(Decide, NamesNoHostTwice) {
  const Facts smarthost{"mx.example.org", "mx.example.org", Level::Verify};
  EXPECT_EQ(decide(smarthost).names, std::vector<std::string>{"mx.example.org"});
}

TEST(Decide, AStrongerSiteNeverAsksForLess) {
  for (std::size_t i = 1; i < std::size(rows); ++i) {
    const auto weak = decide(facts_with(rows[i - 1].site));
    const auto strong = decide(facts_with(rows[i].site));
    EXPECT_GE(strong.wants_tls(), weak.wants_tls());
    EXPECT_GE(strong.requires_tls(), weak.requires_tls());
    EXPECT_GE(strong.requires_name(), weak.requires_name());
  }
}

TEST(Level, ReadsTheNamesItHas) {
  for (const auto& row : rows) {
    EXPECT_EQ(name(row.site), row.name);
    const Level* level = level_named(row.name);
    ASSERT_NE(level, nullptr) << row.name;
    EXPECT_EQ(*level, row.site);
  }
  for (const auto* bad : {"", "None", "encrypted", "may"}) EXPECT_EQ(level_named(bad), nullptr);
}

}  // namespace
}  // namespace outrider::trust
