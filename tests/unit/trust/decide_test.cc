#include "outrider/trust/decide.h"

#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

struct Row {
  const char* name;
  Level site;
  Level level;  // where the domain publishes nothing
  Fallback fallback;
  bool wants_tls, requires_tls, requires_name;
};

constexpr Row rows[] = {
    {"none", Level::None, Level::None, Fallback::Plaintext, false, false, false},
    {"opportunistic", Level::Opportunistic, Level::Opportunistic, Fallback::Plaintext, true, false,
     false},
    {"encrypt", Level::Encrypt, Level::Encrypt, Fallback::Wait, true, true, false},
    {"verify", Level::Verify, Level::Verify, Fallback::Wait, true, true, true},
    {"mta-sts", Level::MtaSts, Level::MtaSts, Fallback::Wait, true, true, true},
    {"dane", Level::Dane, Level::Opportunistic, Fallback::Plaintext, true, false, false},
    {"dane-only", Level::DaneOnly, Level::DaneOnly, Fallback::Wait, true, true, true},
    {"fingerprint", Level::Fingerprint, Level::Fingerprint, Fallback::Wait, true, true, true},
};

Facts facts_with(Level site) {
  return {.destination = "example.org",
          .mx_host = "mx.example.org",
          .site = site,
          .site_source = "route"};
}

Facts with_dane(DaneState state) {
  Facts facts = facts_with(Level::Opportunistic);
  facts.dane.state = state;
  facts.dane.base = "mx.example.org";
  if (state == DaneState::Usable) facts.dane.records.push_back({3, 1, 1, std::string(32, 'x')});
  if (is_unknown(state)) facts.dane.why = "time-out";
  return facts;
}

StsPolicy policy(StsMode mode, std::string mx) {
  StsPolicy policy;
  policy.mode = mode;
  policy.mx.push_back(std::move(mx));
  policy.id = "20261123";
  return policy;
}

TEST(Decide, FollowsTheTable) {
  for (const auto& row : rows) {
    const auto verdict = decide(facts_with(row.site));
    EXPECT_EQ(verdict.level, row.level) << row.name;
    EXPECT_EQ(verdict.fallback, row.fallback) << row.name;
    EXPECT_EQ(verdict.wants_tls(), row.wants_tls) << row.name;
    EXPECT_EQ(verdict.requires_tls(), row.requires_tls) << row.name;
    EXPECT_EQ(verdict.requires_name(), row.requires_name) << row.name;
  }
}

TEST(Decide, SaysWhoseDemandItWas) {
  for (const auto& row : rows) {
    const auto verdict = decide(facts_with(row.site));
    ASSERT_GE(verdict.reasons.size(), 1u) << row.name;
    EXPECT_EQ(verdict.reasons[0].level, row.level) << row.name;
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

// RFC 7672 §3.2.2.
TEST(Decide, ByDaneTheDomainAndItsAliasesCountWhereSignedRecordsLeadFromThem) {
  Facts facts = with_dane(DaneState::Usable);
  facts.expanded = "real.example.net";
  const std::vector<std::string> all{"mx.example.org", "example.org", "real.example.net"};
  EXPECT_EQ(decide(facts).names, all);
  facts.expanded = "EXAMPLE.org";
  EXPECT_EQ(decide(facts).names, std::vector(all.begin(), all.begin() + 2));
  facts.way_is_sure = false;
  EXPECT_EQ(decide(facts).names, std::vector(all.begin(), all.begin() + 1));
}

TEST(Decide, NamesNoHostTwice) {
  const Facts smarthost{
      .destination = "mx.example.org", .mx_host = "mx.example.org", .site = Level::Verify};
  EXPECT_EQ(decide(smarthost).names, std::vector<std::string>{"mx.example.org"});
}

TEST(Decide, ByDaneTheBaseDomainAndASureDestinationAreTheNames) {
  Facts facts = with_dane(DaneState::Usable);
  auto verdict = decide(facts);
  EXPECT_EQ(verdict.level, Level::Dane);
  EXPECT_EQ(verdict.tlsa, facts.dane.records);
  EXPECT_EQ(verdict.names, (std::vector<std::string>{"mx.example.org", "example.org"}));
  EXPECT_TRUE(verdict.proves_destination);
  facts.way_is_sure = false;  // case-ta-name-nexthop-insecure-mx, case-mx-insecure
  verdict = decide(facts);
  EXPECT_EQ(verdict.level, Level::Dane);
  EXPECT_EQ(verdict.names, std::vector<std::string>{"mx.example.org"});
  EXPECT_FALSE(verdict.proves_destination);
}

TEST(Decide, RecordsThatCannotBeKnownStopTheHost) {
  for (const auto state : {DaneState::Failed, DaneState::Bogus, DaneState::Disputed}) {
    const auto verdict = decide(with_dane(state));
    EXPECT_FALSE(verdict.may_try()) << name(state);
    EXPECT_EQ(verdict.fallback, Fallback::Wait) << name(state);
    EXPECT_NE(verdict.obstacle.find("time-out"), std::string::npos) << verdict.obstacle;
  }
}

// rule-mx-filter of mtasts.json, too.
TEST(Decide, AnEnforcedPolicyNamesTheHosts) {
  Facts facts = facts_with(Level::Opportunistic);
  facts.sts = policy(StsMode::Enforce, "*.example.org");
  auto verdict = decide(facts);
  EXPECT_EQ(verdict.level, Level::MtaSts);
  EXPECT_EQ(verdict.names, std::vector<std::string>{"mx.example.org"});
  facts.mx_host = "mx.example.net";
  verdict = decide(facts);
  EXPECT_FALSE(verdict.may_try());
  EXPECT_NE(verdict.obstacle.find("does not list mx.example.net"), std::string::npos);
  facts.sts->mode = StsMode::Testing;
  EXPECT_TRUE(decide(facts).may_try());
  EXPECT_EQ(decide(facts).level, Level::Opportunistic);
}

// case-dane-over-sts of dane.json; RFC 8461 §2.
TEST(Decide, DaneSpeaksBeforeMtaSts) {
  Facts facts = with_dane(DaneState::Usable);
  facts.sts = policy(StsMode::Enforce, "other.example.org");
  EXPECT_TRUE(decide(facts).may_try());
  EXPECT_EQ(decide(facts).level, Level::Dane);
  facts.way_is_sure = false;  // then only the policy tells whose host it is
  EXPECT_FALSE(decide(facts).may_try());
}

TEST(Decide, RequireTlsNeedsASureWayAndTheExtension) {
  Facts facts = facts_with(Level::Opportunistic);
  facts.wish = Wish::RequireTls;
  auto verdict = decide(facts);
  EXPECT_EQ(verdict.level, Level::Verify);
  EXPECT_TRUE(verdict.require_extension && verdict.may_try());
  EXPECT_EQ(verdict.fallback, Fallback::Return);
  EXPECT_EQ(verdict.names, std::vector<std::string>{"mx.example.org"});
  facts.way_is_sure = false;
  EXPECT_FALSE(decide(facts).may_try());
  facts.sts = policy(StsMode::Testing, "mx.example.org");
  EXPECT_TRUE(decide(facts).may_try());
}

TEST(Decide, TlsRequiredNoLiftsWhatTheDomainAsksFor) {
  Facts facts = with_dane(DaneState::Bogus);
  facts.sts = policy(StsMode::Enforce, "other.example");
  facts.wish = Wish::TlsOptional;
  const auto verdict = decide(facts);
  EXPECT_TRUE(verdict.may_try());
  EXPECT_EQ(verdict.level, Level::Opportunistic);
  EXPECT_EQ(verdict.fallback, Fallback::Plaintext);
  facts.site = Level::Encrypt;
  EXPECT_EQ(decide(facts).level, Level::Encrypt) << "the operator's word stands";
}

TEST(Decide, AnOperatorsOwnNamesAndKeysStandAlone) {
  Facts facts = with_dane(DaneState::Bogus);
  facts.site = Level::Verify;
  facts.names = {"partner.example"};
  EXPECT_FALSE(hears_domain(facts));
  EXPECT_TRUE(decide(facts).may_try());
  EXPECT_EQ(decide(facts).names, facts.names);
  facts.site = Level::Fingerprint;
  facts.pins = {std::string(64, 'a')};
  EXPECT_EQ(decide(facts).pins, facts.pins);
  EXPECT_TRUE(decide(facts).may_try());
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
