// Who checks signatures: a resolver that is believed, and what becomes of an answer on which it and
// our own validation do not agree. Real resolvers before a real world.
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
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ValidationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (missing().empty()) world_ = std::make_unique<test::DnsWorld>(dane_zones());
  }
  static void TearDownTestSuite() { world_.reset(); }
  static std::string missing() { return test::DnsWorld::missing() + DnsForwarder::missing(); }
  void SetUp() override {
    if (!world_) GTEST_SKIP() << missing();
  }

  // Lines of unbound.conf make a forwarder of its own kind.
  void ask_through(DnsForwarder::Kind kind, Validation validation, const std::string& more = {}) {
    forwarder_ = std::make_unique<DnsForwarder>(*world_, kind, more);
    open({forwarder_->address()}, validation);
  }
  void open(std::vector<std::string> forwarders, Validation validation,
            std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    Options options;
    options.validation = validation;
    options.forwarders = std::move(forwarders);
    options.trust_anchor_files = {world_->trust_anchor_file()};
    options.timeout = timeout;
    auto resolver = Resolver::open(options);
    ASSERT_TRUE(resolver) << resolver.error().text();
    resolver_ = std::move(*resolver);
  }
  TlsaAnswer tlsa(const std::string& name) { return loops_.run(resolver_->tlsa(name)); }

  static std::unique_ptr<test::DnsWorld> world_;
  std::unique_ptr<DnsForwarder> forwarder_;
  test::Loops loops_;
  std::unique_ptr<Resolver> resolver_;
};
std::unique_ptr<test::DnsWorld> ValidationTest::world_;

constexpr auto secure_name = "_25._tcp.mx.mail.world";
constexpr auto insecure_name = "_25._tcp.mx.plain.world";
constexpr auto expired_name = "_25._tcp.mx.expired.world";
constexpr auto broken_name = "_25._tcp.mx.broken.world";

TEST_F(ValidationTest, BelievesNothingOfAResolverThatDoesNotValidate) {
  for (const auto kind : {DnsForwarder::Kind::Oblivious, DnsForwarder::Kind::Unanchored}) {
    ask_through(kind, Validation::Resolver);
    for (const auto* name : {secure_name, insecure_name, expired_name}) {
      const auto answer = tlsa(name);
      EXPECT_TRUE(answer.found()) << answer.why;
      EXPECT_FALSE(answer.secure);
    }
    EXPECT_EQ(tlsa(broken_name).status, Status::Failed);
  }
}

TEST_F(ValidationTest, BelievesNothingOfServersThatAreNoResolver) {
  open({world_->forwarder()}, Validation::Resolver);
  const auto answer = tlsa(secure_name);
  EXPECT_TRUE(answer.found()) << answer.why;
  EXPECT_FALSE(answer.secure);
}

TEST_F(ValidationTest, OfOurOwnNeedsNoHonestForwarder) {
  ask_through(DnsForwarder::Kind::Oblivious, Validation::Own);
  EXPECT_TRUE(tlsa(secure_name).secure);
  EXPECT_EQ(tlsa(expired_name).status, Status::Bogus);
}

void expect_dispute(const TlsaAnswer& answer, const std::string& ours, const std::string& theirs) {
  EXPECT_TRUE(answer.disputed) << answer.why;
  EXPECT_EQ(answer.status, Status::Bogus);
  EXPECT_TRUE(answer.temporary());
  EXPECT_FALSE(answer.secure);
  EXPECT_THAT(answer.records, IsEmpty());
  EXPECT_THAT(answer.why, HasSubstr(ours + " by our own validation"));
  EXPECT_THAT(answer.why, HasSubstr(theirs + " by the resolver"));
}

TEST_F(ValidationTest, DisputesWhereTheResolverLacksTheTrustAnchor) {
  ask_through(DnsForwarder::Kind::Unanchored, Validation::Both);
  expect_dispute(tlsa(secure_name), "secure", "insecure");
  expect_dispute(tlsa("_25._tcp.nobody.mail.world"), "secure", "insecure");
}

TEST_F(ValidationTest, DisputesWhereTheResolverDoesNotValidate) {
  ask_through(DnsForwarder::Kind::Oblivious, Validation::Both);
  expect_dispute(tlsa(expired_name), "bogus", "insecure");
  expect_dispute(tlsa("_25._tcp.mx.tampered.world"), "bogus", "insecure");
  expect_dispute(tlsa(secure_name), "secure", "insecure");
}

TEST_F(ValidationTest, DisputesWhereTheResolverTakesAZoneForInsecure) {
  ask_through(DnsForwarder::Kind::Validating, Validation::Both,
              "  domain-insecure: \"expired.world\"\n  domain-insecure: \"mail.world\"\n");
  expect_dispute(tlsa(expired_name), "bogus", "insecure");
  expect_dispute(tlsa(secure_name), "secure", "insecure");
}

TEST_F(ValidationTest, DisputesWhereTheResolverAnswersOutOfItsOwnHead) {
  ask_through(DnsForwarder::Kind::Validating, Validation::Both,
              "  local-zone: \"mx.mail.world\" static\n"
              "  local-data: \"_25._tcp.mx.mail.world. TLSA 3 1 1 00\"\n");
  const auto answer = tlsa(secure_name);
  EXPECT_EQ(answer.status, Status::Bogus) << answer.why;
  EXPECT_THAT(answer.records, IsEmpty());
}

TEST_F(ValidationTest, AgreesWhereBothFindTheSame) {
  ask_through(DnsForwarder::Kind::Unanchored, Validation::Both);
  const auto answer = tlsa(insecure_name);
  EXPECT_TRUE(answer.found()) << answer.why;
  EXPECT_FALSE(answer.disputed);
  EXPECT_FALSE(answer.secure);
  EXPECT_THAT(answer.records, SizeIs(1));
  EXPECT_EQ(tlsa(broken_name).status, Status::Failed);
}

TEST_F(ValidationTest, GoesOnWithTheForwarderThatIsThere) {
  forwarder_ = std::make_unique<DnsForwarder>(*world_, DnsForwarder::Kind::Validating);
  std::string nobody;
  {
    const DnsForwarder short_lived(*world_, DnsForwarder::Kind::Validating);
    nobody = short_lived.address();
  }
  for (const auto validation : {Validation::Resolver, Validation::Both}) {
    open({nobody, forwarder_->address()}, validation);
    const auto answer = tlsa(secure_name);
    EXPECT_TRUE(answer.secure) << answer.why;
  }
}

TEST_F(ValidationTest, FailsWhereNoForwarderIsThere) {
  std::string nobody;
  {
    const DnsForwarder short_lived(*world_, DnsForwarder::Kind::Validating);
    nobody = short_lived.address();
  }
  for (const auto validation : {Validation::Resolver, Validation::Both}) {
    open({nobody}, validation, std::chrono::milliseconds(200));
    const auto answer = tlsa(secure_name);
    EXPECT_EQ(answer.status, Status::Failed);
    EXPECT_FALSE(answer.why.empty());
  }
}

}  // namespace
}  // namespace outrider::dns
