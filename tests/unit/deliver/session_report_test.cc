#include "outrider/deliver/session_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Time noon = Time(1'700'000'000'000ms);

Outlook outlook() {
  Outlook outlook;
  outlook.facts.destination = "example.com";
  outlook.facts.mx_host = "mx.example.com";
  return outlook;
}
Outlook under_dane(trust::DaneState state) {
  Outlook made = outlook();
  made.facts.dane.state = state;
  made.facts.dane.why = "the signature has expired";
  made.facts.dane.base = "mx.base.example";
  if (state == trust::DaneState::Usable) made.facts.dane.records = {{3, 1, 1, "\xab\x01"}};
  return made;
}
Outlook under_sts(std::string mx = "*.example.com", trust::StsMode mode = trust::StsMode::Enforce) {
  Outlook made = outlook();
  made.facts.sts.emplace();
  made.facts.sts->mode = mode;
  made.facts.sts->mx = {std::move(mx)};
  made.facts.sts->max_age = std::chrono::seconds(86400);
  return made;
}
TlsFacts tls(PeerCheck peer, PeerProof proof = PeerProof::Ca, std::string why = "") {
  TlsFacts facts;
  facts.peer = peer;
  facts.proof = peer == PeerCheck::Verified ? proof : PeerProof::None;
  facts.why = std::move(why);
  facts.peer_name = "mx.example.com";
  return facts;
}

TEST(SessionReport, WithoutAPolicyTlsIsEnough) {
  const auto facts = tls(PeerCheck::Unverified);
  const auto good = session_report(outlook(), &facts, "", noon);
  EXPECT_EQ(good.policy.type, "no-policy-found");
  EXPECT_EQ(good.policy.domain, "example.com");
  EXPECT_EQ(good.domain, "example.com");
  EXPECT_EQ(good.failure.result, "");
  EXPECT_EQ(good.when, noon);
  const auto bad = session_report(outlook(), nullptr, "the server does not offer STARTTLS", noon);
  EXPECT_EQ(bad.failure.result, "starttls-not-supported");
  EXPECT_EQ(bad.failure.receiving_host, "mx.example.com");
}

TEST(SessionReport, UnderAPolicyTheHostIsToBeProven) {
  const auto good = tls(PeerCheck::Verified);
  const auto session = session_report(under_sts(), &good, "", noon);
  EXPECT_EQ(session.policy.type, "sts");
  EXPECT_THAT(session.policy.mx, ElementsAre("*.example.com"));
  EXPECT_THAT(session.policy.strings, ElementsAre("version: STSv1", "mode: enforce",
                                                  "mx: *.example.com", "max_age: 86400"));
  EXPECT_EQ(session.failure.result, "");
  const auto doubtful = tls(PeerCheck::Unverified, PeerProof::None, "certificate has expired");
  EXPECT_EQ(session_report(under_sts(), &doubtful, "", noon).failure.result, "certificate-expired");
  EXPECT_EQ(session_report(under_sts("other.example"), &good, "", noon).failure.reason,
            "the policy does not list the host");
}

// RFC 8461 §5: that is what testing is for.
TEST(SessionReport, ATestedPolicyIsReportedAsIfItWereEnforced) {
  const auto doubtful = tls(PeerCheck::Unverified, PeerProof::None, "self-signed certificate");
  const auto session =
      session_report(under_sts("*.example.com", trust::StsMode::Testing), &doubtful, "", noon);
  EXPECT_EQ(session.policy.type, "sts");
  EXPECT_EQ(session.failure.result, "certificate-not-trusted");
}

// RFC 8461 §4.1: what is good enough while it is tested would not be when it is enforced.
TEST(SessionReport, ATestedPolicyAsksForTheNameOfTheHost) {
  auto facts = tls(PeerCheck::Verified);
  facts.peer_name = "example.com";
  const auto tested = under_sts("*.example.com", trust::StsMode::Testing);
  EXPECT_EQ(session_report(tested, &facts, "", noon).failure.result, "certificate-host-mismatch");
  for (const auto* name : {"MX.example.com", "*.example.com"}) {
    facts.peer_name = name;
    EXPECT_EQ(session_report(tested, &facts, "", noon).failure.result, "") << name;
  }
}

std::string obstacle_of(const trust::Facts& facts) { return trust::decide(facts).obstacle; }

TEST(SessionReport, WhatOnlyWeDemandIsNoFailureOfTheDomains) {
  Outlook route = outlook();
  route.facts.site_source = "route";
  route.facts.site = trust::Level::DaneOnly;
  EXPECT_EQ(session_report(route, nullptr, obstacle_of(route.facts), noon).policy.type, "");
  route.facts.site = trust::Level::MtaSts;
  EXPECT_EQ(session_report(route, nullptr, obstacle_of(route.facts), noon).policy.type, "");
  Outlook unsure = outlook();
  unsure.facts.way_is_sure = false;
  auto asked = unsure.facts;
  asked.wish = trust::Wish::RequireTls;
  ASSERT_THAT(obstacle_of(asked), HasSubstr("REQUIRETLS"));
  EXPECT_EQ(session_report(unsure, nullptr, obstacle_of(asked), noon).policy.type, "");
  const auto barred = "mx.example.com[192.0.2.1]:25 does not offer REQUIRETLS, which the message";
  EXPECT_EQ(session_report(outlook(), nullptr, barred, noon).policy.type, "");
}

TEST(SessionReport, WhatTheDomainDemandsIsCounted) {
  const Outlook unlisted = under_sts("other.example");
  const auto by_policy = session_report(unlisted, nullptr, obstacle_of(unlisted.facts), noon);
  EXPECT_EQ(by_policy.failure.result, "validation-failure");
  Outlook bogus = under_dane(trust::DaneState::Bogus);
  bogus.facts.site = trust::Level::DaneOnly;
  const auto by_dane = session_report(bogus, nullptr, obstacle_of(bogus.facts), noon);
  EXPECT_EQ(by_dane.failure.result, "dnssec-invalid");
  const auto missed =
      session_report(outlook(), nullptr,
                     "TLS is demanded (REQUIRETLS), and the server does not offer STARTTLS", noon);
  EXPECT_EQ(missed.failure.result, "starttls-not-supported");
}

TEST(SessionReport, AFetchThatFailedIsReported) {
  Outlook made = outlook();
  made.sts.failure = {policy::StsFailure::Kind::Certificate, "expired", noon};
  const auto facts = tls(PeerCheck::Verified);
  const auto session = session_report(made, &facts, "", noon);
  EXPECT_EQ(session.policy.type, "sts");
  EXPECT_EQ(session.failure.result, "sts-webpki-invalid");
}

TEST(SessionReport, UnderDaneTheRecordsSpeak) {
  const auto good = tls(PeerCheck::Verified, PeerProof::DaneEe);
  const auto session = session_report(under_dane(trust::DaneState::Usable), &good, "", noon);
  EXPECT_EQ(session.policy.type, "tlsa");
  EXPECT_EQ(session.policy.domain, "mx.base.example") << "RFC 8460 §1.1";
  EXPECT_EQ(session.domain, "example.com");
  EXPECT_THAT(session.policy.strings, ElementsAre("3 1 1 AB01"));
  EXPECT_EQ(session.failure.result, "");
  const auto failed = session_report(under_dane(trust::DaneState::Usable), nullptr,
                                     "no matching DANE TLSA records", noon);
  EXPECT_EQ(failed.failure.result, "validation-failure");
  EXPECT_THAT(failed.failure.reason, HasSubstr("no matching"));
  EXPECT_EQ(session_report(under_dane(trust::DaneState::Unusable), &good, "", noon).failure.result,
            "tlsa-invalid");
  const auto bogus = session_report(under_dane(trust::DaneState::Bogus), nullptr, "x", noon);
  EXPECT_EQ(bogus.failure.result, "dnssec-invalid");
  EXPECT_EQ(bogus.failure.reason, "the signature has expired");
  EXPECT_THAT(bogus.policy.strings, IsEmpty());
}

TEST(ResultType, IsOneOfTheRfc) {
  const std::pair<const char*, const char*> rows[] = {
      {"the server does not offer STARTTLS", "starttls-not-supported"},
      {"STARTTLS was refused: 454 4.7.0 not now", "starttls-not-supported"},
      {"certificate has expired", "certificate-expired"},
      {"hostname mismatch", "certificate-host-mismatch"},
      {"unable to get local issuer certificate", "certificate-not-trusted"},
      {"self-signed certificate", "certificate-not-trusted"},
      {"unexpected eof while reading", "validation-failure"}};
  for (const auto& [words, type] : rows) EXPECT_EQ(result_type(words), type) << words;
}

}  // namespace
}  // namespace outrider::deliver
