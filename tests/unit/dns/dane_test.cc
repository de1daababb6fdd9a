// What DANE and MTA-STS ask of the DNS, in each of the three ways to an answer: the answers are the
// same. RFC 7672 §2, RFC 6698; cases of tests/vectors/dane.json by their names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "outrider/dns/resolver.h"
#include "support/dns_forwarder.h"
#include "support/dns_world.h"
#include "support/loops.h"
#include "unit/dns/dane_world.h"

namespace outrider::dns {
namespace {

using test::DnsForwarder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class DnsForDane : public testing::TestWithParam<Validation> {
 protected:
  static void SetUpTestSuite() {
    if (!missing().empty()) return;
    world_ = std::make_unique<test::DnsWorld>(dane_zones());
    forwarder_ = std::make_unique<DnsForwarder>(*world_, DnsForwarder::Kind::Validating);
  }
  static void TearDownTestSuite() {
    forwarder_.reset();
    world_.reset();
  }
  static std::string missing() { return test::DnsWorld::missing() + DnsForwarder::missing(); }

  void SetUp() override {
    if (!forwarder_) GTEST_SKIP() << missing();
    Options options;
    options.validation = GetParam();
    // Our own validation goes straight to the servers, the others through a site's resolver.
    options.forwarders = {GetParam() == Validation::Own ? world_->forwarder()
                                                        : forwarder_->address()};
    options.trust_anchor_files = {world_->trust_anchor_file()};
    options.timeout = std::chrono::seconds(5);
    auto resolver = Resolver::open(options);
    ASSERT_TRUE(resolver) << resolver.error().text();
    resolver_ = std::move(*resolver);
  }

  TlsaAnswer tlsa(const std::string& name) { return loops_.run(resolver_->tlsa(name)); }
  TextAnswer text(const std::string& name) { return loops_.run(resolver_->text(name)); }
  Answer alias(const std::string& name) { return loops_.run(resolver_->alias(name)); }
  AddressAnswer ipv4(const std::string& name) { return loops_.run(resolver_->ipv4(name)); }

  static std::unique_ptr<test::DnsWorld> world_;
  static std::unique_ptr<DnsForwarder> forwarder_;
  test::Loops loops_;
  std::unique_ptr<Resolver> resolver_;
};
std::unique_ptr<test::DnsWorld> DnsForDane::world_;
std::unique_ptr<DnsForwarder> DnsForDane::forwarder_;

INSTANTIATE_TEST_SUITE_P(EachWay, DnsForDane,
                         testing::Values(Validation::Own, Validation::Resolver, Validation::Both),
                         [](const auto& way) -> std::string {
                           switch (way.param) {
                             case Validation::Own: return "Own";
                             case Validation::Resolver: return "Resolver";
                             case Validation::Both: return "Both";
                           }
                           return "";
                         });

bool is_secure(const Answer& answer, Status status) {
  return answer.status == status && answer.secure;
}
bool is_insecure(const Answer& answer, Status status) {
  return answer.status == status && !answer.secure;
}

std::vector<int> numbers(const TlsaAnswer& answer) {
  std::vector<int> numbers;
  for (const auto& record : answer.records) {
    numbers.push_back(record.usage * 100 + record.selector * 10 + record.matching);
  }
  return numbers;
}

// case-secure-usable
TEST_P(DnsForDane, GivesSecureRecordsWhole) {
  const auto answer = tlsa("_25._tcp.MX.mail.world");
  EXPECT_TRUE(is_secure(answer, Status::Found)) << answer.why;
  EXPECT_THAT(numbers(answer), UnorderedElementsAre(311, 201));
  for (const auto& record : answer.records) EXPECT_THAT(record.data, SizeIs(32));
  EXPECT_EQ(answer.canonical, "_25._tcp.mx.mail.world");
}

TEST_P(DnsForDane, GivesRecordsThatNoDatagramHolds) {
  const auto full = tlsa("_25._tcp.full.mail.world");
  EXPECT_TRUE(is_secure(full, Status::Found)) << full.why;
  ASSERT_THAT(full.records, SizeIs(1));
  EXPECT_EQ(full.records[0].data, std::string(4000, '\xBB'));
  const auto many = tlsa("_25._tcp.many.mail.world");
  EXPECT_TRUE(is_secure(many, Status::Found)) << many.why;
  EXPECT_THAT(many.records, SizeIs(60));
}

// case-tlsa-insecure
TEST_P(DnsForDane, TellsInsecureRecords) {
  const auto answer = tlsa("_25._tcp.mx.plain.world");
  EXPECT_TRUE(is_insecure(answer, Status::Found)) << answer.why;
  EXPECT_THAT(answer.records, SizeIs(1));
}

// case-tlsa-nxdomain-secure
TEST_P(DnsForDane, ProvesThatThereIsNoRecord) {
  EXPECT_TRUE(is_secure(tlsa("_25._tcp.mx.other.world"), Status::NoName));
  EXPECT_TRUE(is_secure(tlsa("_tcp.mx.mail.world"), Status::NoData));
  EXPECT_TRUE(is_secure(tlsa("mx.mail.world"), Status::NoData));
  EXPECT_TRUE(is_insecure(tlsa("_25._tcp.nobody.plain.world"), Status::NoName));
  EXPECT_TRUE(is_insecure(tlsa("mx.plain.world"), Status::NoData));
}

// case-tlsa-bogus
TEST_P(DnsForDane, GivesNothingOfForgedOrExpiredRecordsOrThoseWithoutSignatures) {
  for (const auto* name : {"_25._tcp.mx.tampered.world", "_25._tcp.mx.expired.world",
                           "_25._tcp.mx.stripped.world", "_25._tcp.nobody.stripped.world"}) {
    const auto answer = tlsa(name);
    EXPECT_EQ(answer.status, Status::Bogus) << name;
    EXPECT_FALSE(answer.secure);
    EXPECT_FALSE(answer.disputed) << answer.why;
    EXPECT_THAT(answer.records, IsEmpty());
    EXPECT_FALSE(answer.why.empty());
  }
}

TEST_P(DnsForDane, DoesNotBelieveADenialWhoseSignatureExpired) {
  EXPECT_EQ(tlsa("_25._tcp.nobody.expired.world").status, Status::Bogus);
  EXPECT_EQ(tlsa("mx.expired.world").status, Status::Bogus);
}

// case-tlsa-servfail: an error is never an absence.
TEST_P(DnsForDane, TellsFailureFromAbsence) {
  for (const auto* name : {"_25._tcp.mx.broken.world", "_25._tcp.mx.elsewhere.example"}) {
    const auto answer = tlsa(name);
    EXPECT_EQ(answer.status, Status::Failed) << name;
    EXPECT_FALSE(answer.absent());
    EXPECT_FALSE(answer.why.empty());
  }
}

TEST_P(DnsForDane, FindsAWildcardsRecords) {
  const auto answer = tlsa("_25._tcp.wild.mail.world");
  EXPECT_TRUE(is_secure(answer, Status::Found)) << answer.why;
  EXPECT_THAT(numbers(answer), ElementsAre(212));
}

// case-tlsa-cname, case-tlsa-cname-insecure-hop
TEST_P(DnsForDane, FollowsTheAliasesOfRecords) {
  const auto linked = tlsa("_25._tcp.linked.mail.world");
  EXPECT_TRUE(is_secure(linked, Status::Found)) << linked.why;
  EXPECT_EQ(linked.canonical, "tlsa._dane.mail.world");
  const auto crossing = tlsa("_25._tcp.crossing.mail.world");
  EXPECT_TRUE(is_secure(crossing, Status::Found)) << crossing.why;
  EXPECT_EQ(crossing.canonical, "tlsa._dane.other.world");
  for (const auto* name : {"_25._tcp.leaving.mail.world", "_25._tcp.back.plain.world"}) {
    const auto answer = tlsa(name);
    EXPECT_TRUE(is_insecure(answer, Status::Found)) << name << answer.why;
    EXPECT_THAT(answer.records, SizeIs(1));
  }
}

TEST_P(DnsForDane, LeavesOutMalformedRecordsAndNeverTakesThemForAbsence) {
  const auto empty = tlsa("_25._tcp.empty.mail.world");
  EXPECT_TRUE(is_secure(empty, Status::Found)) << empty.why;
  EXPECT_THAT(empty.records, SizeIs(0));
  const auto mixed = tlsa("_25._tcp.mixed.mail.world");
  EXPECT_TRUE(is_secure(mixed, Status::Found)) << mixed.why;
  EXPECT_THAT(numbers(mixed), ElementsAre(1));
}

// case-mx-cname-secure, across a zone cut too
TEST_P(DnsForDane, KnowsThatAWholeChainIsSecure) {
  for (const auto* name : {"inside.mail.world", "there.mail.world"}) {
    const auto answer = ipv4(name);
    EXPECT_TRUE(is_secure(answer, Status::Found)) << name << answer.why;
    EXPECT_NE(answer.canonical, name);
  }
}

// case-mx-cname-insecure-target: RFC 7672 §2.2.2, "Insecure CNAME".
TEST_P(DnsForDane, FindsASecureAliasThatLeadsOutOfSignedZones) {
  const auto addresses = ipv4("out.mail.world");
  EXPECT_TRUE(is_insecure(addresses, Status::Found)) << addresses.why;
  EXPECT_EQ(addresses.canonical, "mx.plain.world");
  const auto step = alias("Out.mail.world.");
  EXPECT_TRUE(is_secure(step, Status::Found)) << step.why;
  EXPECT_EQ(step.canonical, "mx.plain.world");
}

// case-intermediate: one step, whatever lies behind it.
TEST_P(DnsForDane, GoesOneStepForAnAlias) {
  EXPECT_FALSE(ipv4("first.mail.world").secure);
  const auto step = alias("first.mail.world");
  EXPECT_TRUE(is_secure(step, Status::Found)) << step.why;
  EXPECT_EQ(step.canonical, "second.mail.world");
}

// case-mx-cname-insecure-all
TEST_P(DnsForDane, TellsAnInsecureAliasOfASecureTarget) {
  EXPECT_TRUE(is_insecure(ipv4("back.plain.world"), Status::Found));
  const auto step = alias("back.plain.world");
  EXPECT_TRUE(is_insecure(step, Status::Found)) << step.why;
  EXPECT_EQ(step.canonical, "mx.mail.world");
}

// RFC 7672 §2.1.3: what a DNAME makes is an alias as any other.
TEST_P(DnsForDane, TakesWhatADnameMakesForAnAlias) {
  const auto addresses = ipv4("mx.moved.mail.world");
  EXPECT_TRUE(is_secure(addresses, Status::Found)) << addresses.why;
  EXPECT_EQ(addresses.canonical, "mx.other.world");
  const auto step = alias("mx.moved.mail.world");
  EXPECT_TRUE(is_secure(step, Status::Found)) << step.why;
  EXPECT_EQ(step.canonical, "mx.other.world");
}

TEST_P(DnsForDane, SaysThatANameIsNoAlias) {
  const auto step = alias("mx.mail.world");
  EXPECT_TRUE(is_secure(step, Status::NoData)) << step.why;
  EXPECT_EQ(step.canonical, "mx.mail.world");
  EXPECT_TRUE(is_secure(alias("nobody.mail.world"), Status::NoName));
  EXPECT_EQ(alias("mx.expired.world").status, Status::Bogus);
  EXPECT_EQ(alias("mx.broken.world").status, Status::Failed);
}

// case-cname-loop, case-cname-20
TEST_P(DnsForDane, FollowsNoAliasForEver) {
  EXPECT_EQ(ipv4("loop.mail.world").status, Status::Failed);
  EXPECT_EQ(ipv4("c0.mail.world").status, Status::Failed);
  EXPECT_TRUE(is_secure(ipv4("dangling.mail.world"), Status::NoName));
}

TEST_P(DnsForDane, JoinsTheStringsOfATextRecord) {
  const auto policy = text("_mta-sts.mail.world");
  EXPECT_TRUE(is_secure(policy, Status::Found)) << policy.why;
  EXPECT_THAT(policy.texts, ElementsAre("v=STSv1; id=20261123T000000;"));
  EXPECT_THAT(text("texts.mail.world").texts, UnorderedElementsAre("one", "two"));
  EXPECT_TRUE(is_secure(text("mx.mail.world"), Status::NoData));
}

}  // namespace
}  // namespace outrider::dns
