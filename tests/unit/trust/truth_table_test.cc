// Every combination of facts, judged a second time by the sentences of docs/trust.md, each of which
// looks at the facts alone; and the table of that page, which is made here.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "outrider/trust/decide.h"
#include "support/source_folder.h"

namespace outrider::trust {
namespace {

constexpr Level sites[] = {Level::None,     Level::Opportunistic, Level::Encrypt,
                           Level::Verify,   Level::MtaSts,        Level::Dane,
                           Level::DaneOnly, Level::Fingerprint};
constexpr DaneState states[] = {DaneState::Off,    DaneState::Insecure, DaneState::Absent,
                                DaneState::Usable, DaneState::Unusable, DaneState::Failed,
                                DaneState::Bogus,  DaneState::Disputed};

// What the domain's policy says of this host.
enum class Policy {
  Missing,
  Unknown,
  None,
  TestingListed,
  TestingOther,
  EnforceListed,
  EnforceOther
};
constexpr Policy policies[] = {Policy::Missing,       Policy::Unknown,      Policy::None,
                               Policy::TestingListed, Policy::TestingOther, Policy::EnforceListed,
                               Policy::EnforceOther};
constexpr const char* policy_names[] = {"no policy",
                                        "policy not known",
                                        "mode none",
                                        "testing, lists it",
                                        "testing, does not list it",
                                        "enforce, lists it",
                                        "enforce, does not list it"};

bool lists(Policy policy) {
  return policy == Policy::TestingListed || policy == Policy::EnforceListed;
}
bool enforces(Policy policy) {
  return policy == Policy::EnforceListed || policy == Policy::EnforceOther;
}
bool exists(Policy policy) { return policy >= Policy::TestingListed; }

struct Combination {
  Level site = Level::Opportunistic;
  DaneState dane = DaneState::Off;
  Policy policy = Policy::Missing;
  Wish wish = Wish::Nothing;
  Past past = Past::Unknown;
  bool sure = true, own_names = false;
};

Facts facts_of(const Combination& each) {
  Facts facts;
  facts.destination = "example.org";
  facts.mx_host = "mx.example.org";
  facts.site = each.site;
  facts.way_is_sure = each.sure;
  facts.wish = each.wish;
  facts.past = each.past;
  if (each.own_names) facts.names = {"own.example"};
  if (each.site == Level::Fingerprint) facts.pins = {std::string(64, 'a')};
  facts.dane.state = each.dane;
  if (each.dane == DaneState::Usable) facts.dane.records = {{3, 1, 1, std::string(32, 'x')}};
  if (each.dane == DaneState::Usable || each.dane == DaneState::Unusable) {
    facts.dane.base = "mx.example.org";
  }
  facts.sts_unknown = each.policy == Policy::Unknown;
  if (each.policy < Policy::None) return facts;
  facts.sts.emplace();
  facts.sts->mode = enforces(each.policy) ? StsMode::Enforce
                    : exists(each.policy) ? StsMode::Testing
                                          : StsMode::None;
  facts.sts->mx = {lists(each.policy) ? "mx.example.org" : "other.example.org"};
  return facts;
}

std::size_t for_each_combination(const std::function<void(const Combination&)>& look) {
  std::size_t count = 0;
  for (const auto site : sites)
    for (const auto dane : states)
      for (const auto policy : policies)
        for (const auto wish : {Wish::Nothing, Wish::RequireTls, Wish::TlsOptional})
          for (const auto past : {Past::Unknown, Past::HadTls, Past::Released})
            for (const bool sure : {true, false})
              for (const bool own_names : {false, true}) {
                look({site, dane, policy, wish, past, sure, own_names});
                ++count;
              }
  return count;
}

// The operator speaks alone: nobody else is asked.
bool alone(const Combination& c) {
  return c.site == Level::None || c.site == Level::Fingerprint ||
         (c.site == Level::Verify && c.own_names);
}
bool optional(const Combination& c) { return c.wish == Wish::TlsOptional; }

// Which host may not be tried at all.
bool is_barred(const Combination& c) {
  if (c.wish == Wish::RequireTls &&
      (c.site == Level::None || (!c.sure && !(exists(c.policy) && lists(c.policy))))) {
    return true;
  }
  if (alone(c)) return false;
  if (is_unknown(c.dane) && !optional(c)) return true;
  const bool dane_is_whole = c.dane == DaneState::Usable && c.sure;
  if (c.site == Level::DaneOnly && !dane_is_whole) return true;
  if (c.site == Level::MtaSts && !dane_is_whole && !lists(c.policy)) return true;
  // The policy is the domain's word, which the message may wave aside.
  return c.policy == Policy::EnforceOther && !optional(c) && !dane_is_whole;
}

// Asked only of hosts that may be tried: which level.
Level level_of(const Combination& c) {
  if (c.site == Level::None || c.site == Level::Fingerprint || c.site == Level::DaneOnly) {
    return c.site;
  }
  if (alone(c)) return Level::Verify;
  if (!optional(c) && c.dane == DaneState::Usable) return Level::Dane;
  if (c.site == Level::MtaSts) return Level::MtaSts;
  if (!optional(c) && c.policy == Policy::EnforceListed) return Level::MtaSts;
  if (c.wish == Wish::RequireTls || c.site == Level::Verify) return Level::Verify;
  if (c.site == Level::Encrypt) return Level::Encrypt;
  if (!optional(c) && c.dane == DaneState::Unusable) return Level::Encrypt;
  return Level::Opportunistic;
}

Fallback fallback_of(const Combination& c) {
  // A policy that is found later may list the host; where signed records lead to it none need.
  const bool awaits_policy =
      c.policy == Policy::Unknown && is_barred(c) && (!c.sure || c.site == Level::MtaSts);
  const bool unknown_now = !alone(c) && (is_unknown(c.dane) || awaits_policy);
  if (c.wish == Wish::RequireTls) return unknown_now ? Fallback::Wait : Fallback::Return;
  if (is_barred(c)) return Fallback::Wait;
  const auto level = level_of(c);
  if (level >= Level::Encrypt) return Fallback::Wait;
  return level != Level::None && c.past == Past::HadTls ? Fallback::Hold : Fallback::Plaintext;
}

std::string text(const Combination& c) {
  std::ostringstream out;
  out << "site " << name(c.site) << ", dane " << name(c.dane) << ", "
      << policy_names[static_cast<int>(c.policy)] << ", wish " << static_cast<int>(c.wish)
      << ", past " << static_cast<int>(c.past) << (c.sure ? ", sure" : ", unsure")
      << (c.own_names ? ", own names" : "");
  return out.str();
}

TEST(TruthTable, EveryCombinationIsAsDocumented) {
  const auto count = for_each_combination([](const Combination& c) {
    const Verdict verdict = decide(facts_of(c));
    ASSERT_EQ(verdict.may_try(), !is_barred(c)) << text(c) << ": " << verdict.obstacle;
    ASSERT_EQ(verdict.fallback, fallback_of(c)) << text(c);
    if (verdict.may_try()) ASSERT_EQ(verdict.level, level_of(c)) << text(c);
  });
  std::cout << "figure: " << count << " combinations of facts, all as documented\n";
  EXPECT_EQ(count, 8u * 8 * 7 * 3 * 3 * 2 * 2);
}

// Sentences that no combination may break, whatever the levels are called.
TEST(TruthTable, NothingEverWeakensWhatMustHold) {
  for_each_combination([](const Combination& c) {
    const Verdict verdict = decide(facts_of(c));
    const bool heard = !alone(c) && !optional(c);
    const bool clear = verdict.may_try() && verdict.in_clear();
    if (heard && is_unknown(c.dane)) ASSERT_FALSE(verdict.may_try()) << text(c);
    if (heard && (c.dane == DaneState::Usable || c.dane == DaneState::Unusable))
      ASSERT_FALSE(clear) << text(c);
    if (heard && enforces(c.policy)) ASSERT_FALSE(clear) << text(c);
    if (c.site >= Level::Encrypt && c.site != Level::Dane) ASSERT_FALSE(clear) << text(c);
    if (c.wish == Wish::RequireTls) ASSERT_FALSE(clear) << text(c);
    // History alone never returns mail, and never demands TLS for good.
    if (verdict.fallback == Fallback::Return) ASSERT_EQ(c.wish, Wish::RequireTls) << text(c);
    Combination without = c;
    without.past = Past::Unknown;
    const Verdict other = decide(facts_of(without));
    ASSERT_EQ(verdict.level, other.level) << text(c);
    ASSERT_EQ(verdict.obstacle, other.obstacle) << text(c);
    // A level that promises a proof has something to prove it by.
    if (verdict.may_try() && verdict.requires_name()) {
      ASSERT_FALSE(verdict.names.empty() && verdict.tlsa.empty() && verdict.pins.empty())
          << text(c);
    }
    if (verdict.may_try() && verdict.level == Level::Dane) ASSERT_FALSE(verdict.tlsa.empty());
    if (verdict.may_try() && verdict.level == Level::DaneOnly) ASSERT_FALSE(verdict.tlsa.empty());
    ASSERT_FALSE(verdict.reasons.empty()) << text(c);
  });
}

// Other facts being equal, a stronger word of the operator is never less in force.
TEST(TruthTable, AStrongerSiteNeverAsksForLess) {
  for_each_combination([](const Combination& c) {
    if (c.site != Level::Opportunistic || c.own_names) return;
    const Verdict weak = decide(facts_of(c));
    for (const auto site : {Level::Encrypt, Level::Verify, Level::MtaSts, Level::DaneOnly}) {
      Combination more = c;
      more.site = site;
      const Verdict strong = decide(facts_of(more));
      ASSERT_GE(strong.level, weak.level) << text(more);
      if (!weak.may_try()) ASSERT_FALSE(strong.may_try()) << text(more);
    }
  });
}

std::string cell(const Verdict& verdict) {
  if (!verdict.may_try()) return "not tried: next host, else wait";
  std::string text(name(verdict.level));
  if (verdict.level == Level::Encrypt) text += ", nobody proven";
  return text + (verdict.in_clear() ? ", else in clear" : ", else next host, wait");
}

// The default of the operator, and a message without a wish.
std::string table(bool sure) {
  std::ostringstream out;
  out << "| TLSA records |";
  for (const auto* each : policy_names) out << ' ' << each << " |";
  out << "\n|---|---|---|---|---|---|---|---|\n";
  for (const auto dane : states) {
    out << "| " << name(dane) << " |";
    for (const auto policy : policies) {
      Combination c;
      c.dane = dane;
      c.policy = policy;
      c.sure = sure;
      out << ' ' << cell(decide(facts_of(c))) << " |";
    }
    out << '\n';
  }
  return out.str();
}

TEST(TruthTable, ThePageHasTheTable) {
  const auto path = test::source_folder().parent_path() / "docs/trust.md";
  std::ostringstream read;
  read << std::ifstream(path).rdbuf();
  std::string page = read.str();
  for (const bool sure : {true, false}) {
    const std::string mark = sure ? "<!-- signed MX -->\n" : "<!-- unsigned MX -->\n";
    const auto from = page.find(mark);
    ASSERT_NE(from, std::string::npos) << path << " has no mark " << mark;
    const auto begin = from + mark.size();
    const auto end = page.find("<!-- end -->", begin);
    ASSERT_NE(end, std::string::npos);
    if (std::getenv("OUTRIDER_WRITE_DOCS"))
      page.replace(begin, end - begin, table(sure));
    else
      EXPECT_EQ(page.substr(begin, end - begin), table(sure)) << "OUTRIDER_WRITE_DOCS=1 writes it";
  }
  if (std::getenv("OUTRIDER_WRITE_DOCS")) std::ofstream(path) << page;
}

}  // namespace
}  // namespace outrider::trust
