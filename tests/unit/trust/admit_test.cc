#include "outrider/trust/admit.h"

#include <gtest/gtest.h>

#include <string_view>

namespace outrider::trust {
namespace {

using enum Admission;

constexpr Listed states[] = {Listed::Unknown, Listed::No, Listed::Yes};
constexpr TlsDemand demands[] = {TlsDemand::Never, TlsDemand::Unlisted, TlsDemand::Always};

// Every combination of facts.
template <class Judge>
void for_all(Judge judge) {
  for (const bool configured : {false, true})
    for (const Listed listed : states)
      for (const bool secure : {false, true})
        for (const bool may_relay : {false, true})
          for (const TlsDemand demand : demands)
            judge(RecipientFacts{configured, listed, secure, may_relay, demand});
}

TEST(Admit, L1_AListedServerNeverDemandsTlsForItsOwnDomain) {
  for_all([](const RecipientFacts& facts) {
    if (facts.configured && facts.listed == Listed::Yes) EXPECT_EQ(admit(facts), ByRecipient);
  });
}

TEST(Admit, L2_TheChart) {
  const struct {
    bool configured;
    Listed listed;
    TlsDemand demand;
    bool secure;
    Admission admission;
  } rows[] = {
      {false, Listed::No, TlsDemand::Never, false, NotExchanger},
      {false, Listed::No, TlsDemand::Never, true, NotExchanger},
      {false, Listed::No, TlsDemand::Unlisted, false, NeedsTls},
      {false, Listed::No, TlsDemand::Unlisted, true, NotExchanger},
      {false, Listed::No, TlsDemand::Always, false, NeedsTls},
      {false, Listed::Yes, TlsDemand::Never, false, ListedWrongly},
      {false, Listed::Yes, TlsDemand::Always, false, ListedWrongly},
      {false, Listed::Yes, TlsDemand::Always, true, ListedWrongly},
      {false, Listed::Unknown, TlsDemand::Never, false, NotExchanger},
      {true, Listed::Yes, TlsDemand::Never, false, ByRecipient},
      {true, Listed::Yes, TlsDemand::Unlisted, false, ByRecipient},
      {true, Listed::Unknown, TlsDemand::Unlisted, false, ByRecipient},
      {true, Listed::No, TlsDemand::Never, false, ByRecipient},
      {true, Listed::No, TlsDemand::Unlisted, false, NeedsTls},
      {true, Listed::No, TlsDemand::Unlisted, true, ByRecipient},
      {true, Listed::No, TlsDemand::Always, false, NeedsTls},
  };
  for (const auto& row : rows) {
    const RecipientFacts facts{row.configured, row.listed, row.secure, false, row.demand};
    EXPECT_EQ(admit(facts), row.admission) << &row - rows;
  }
}

TEST(Admit, L4_WhoMayRelayIsToldNothingElseButTls) {
  for_all([](const RecipientFacts& facts) {
    if (facts.configured || !facts.may_relay) return;
    const bool lacks_tls = facts.demand != TlsDemand::Never && !facts.secure;
    EXPECT_EQ(admit(facts), lacks_tls ? NeedsTls : Relay);
  });
}

// A client that had TLS, or lost it, gets nothing worse than one that never tried.
TEST(Admit, L5_TlsNeverLessensTheChance) {
  for_all([](RecipientFacts facts) {
    if (facts.secure) return;
    const Admission plain = admit(facts);
    facts.secure = true;
    const Admission with_tls = admit(facts);
    if (plain == ByRecipient || plain == Relay) EXPECT_EQ(with_tls, plain);
  });
}

TEST(Admit, AsksTheDnsOnlyWhereTheAnswerMatters) {
  for_all([](RecipientFacts facts) {
    if (needs_listing(facts)) return;
    const Admission first = admit(facts);
    for (const Listed listed : states) {
      facts.listed = listed;
      EXPECT_EQ(admit(facts), first);
    }
  });
}

TEST(Admit, PartnersAreHeldToWhatWasAgreed) {
  using enum SenderAdmission;
  EXPECT_EQ(admit_sender(PartnerDemand::Encrypt, false, false), NeedsTls);
  EXPECT_EQ(admit_sender(PartnerDemand::Encrypt, true, false), Welcome);
  EXPECT_EQ(admit_sender(PartnerDemand::Verify, false, true), NeedsTls);
  EXPECT_EQ(admit_sender(PartnerDemand::Verify, true, false), NeedsCertificate);
  EXPECT_EQ(admit_sender(PartnerDemand::Verify, true, true), Welcome);
}

TEST(Admit, NamesOfCertificates) {
  const struct {
    std::string_view asked, carried;
    bool matches;
  } rows[] = {
      {"mx.example.org", "MX.example.org", true},
      {"mx.example.org", "a.mx.example.org", false},
      {".example.org", "a.b.example.org", true},
      {".example.org", "example.org", false},
      {"*.example.org", "a.example.org", true},
      {"*.example.org", "a.b.example.org", false},
      {"*.example.org", ".example.org", false},
      {".example.org", "badexample.org", false},
      {"", "", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(names_match(row.asked, row.carried), row.matches) << row.asked << ' ' << row.carried;
  }
}

}  // namespace
}  // namespace outrider::trust
