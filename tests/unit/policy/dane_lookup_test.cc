#include "outrider/policy/dane_lookup.h"

#include <gtest/gtest.h>

#include "support/dns_world.h"
#include "support/loops.h"
#include "unit/dns/dane_world.h"

namespace outrider::policy {
namespace {

using trust::DaneState;

class DaneLookup : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::DnsWorld::missing().empty()) return;
    world_ = std::make_unique<test::DnsWorld>(dns::dane_zones());
    dns::Options options;
    options.forwarders = {world_->forwarder()};
    options.trust_anchor_files = {world_->trust_anchor_file()};
    options.timeout = std::chrono::seconds(5);
    loops_ = std::make_unique<test::Loops>();
    resolver_ = std::move(*dns::Resolver::open(options));
  }
  static void TearDownTestSuite() {
    if (resolver_) resolver_->close();
    resolver_.reset();
    loops_.reset();
    world_.reset();
  }
  void SetUp() override {
    if (!world_) GTEST_SKIP() << test::DnsWorld::missing();
  }
  trust::DaneFacts look(trust::DaneHost host, std::uint16_t port = 25) {
    return loops_->run(look_up_dane(*resolver_, std::move(host), port)).facts;
  }
  trust::DaneFacts look_signed(const std::string& name) { return look({name, name, false, true}); }

  static std::unique_ptr<test::DnsWorld> world_;
  static std::unique_ptr<test::Loops> loops_;
  static std::unique_ptr<dns::Resolver> resolver_;
};
std::unique_ptr<test::DnsWorld> DaneLookup::world_;
std::unique_ptr<test::Loops> DaneLookup::loops_;
std::unique_ptr<dns::Resolver> DaneLookup::resolver_;

TEST_F(DaneLookup, TellsTheStatesApart) {
  const auto usable = look_signed("mx.mail.world");
  EXPECT_EQ(usable.state, DaneState::Usable);
  EXPECT_EQ(usable.records.size(), 2u);
  EXPECT_EQ(usable.base, "mx.mail.world");
  EXPECT_EQ(look_signed("nobody.mail.world").state, DaneState::Absent);
  EXPECT_EQ(look_signed("mx.plain.world").state, DaneState::Absent) << "case-tlsa-insecure";
  EXPECT_EQ(look_signed("mx.tampered.world").state, DaneState::Bogus);
  EXPECT_EQ(look_signed("mx.expired.world").state, DaneState::Bogus);
  EXPECT_EQ(look_signed("mx.stripped.world").state, DaneState::Bogus);
  const auto failed = look_signed("mx.broken.world");
  EXPECT_EQ(failed.state, DaneState::Failed) << "case-tlsa-servfail";
  EXPECT_FALSE(failed.why.empty());
  EXPECT_EQ(look_signed("mixed.mail.world").state, DaneState::Unusable) << "case-all-unusable";
  EXPECT_EQ(look_signed("empty.mail.world").state, DaneState::Unusable) << "too short to be read";
  EXPECT_EQ(look_signed("empty.plain.world").state, DaneState::Absent) << "it is not signed";
  EXPECT_EQ(look({"mx.mail.world", "mx.mail.world", false, true}, 26).state, DaneState::Absent);
}

// RFC 7672 §2.2.2: name servers that never answer for TLSA are not asked where nothing is signed.
TEST_F(DaneLookup, AsksNothingOfAnUnsignedHost) {
  EXPECT_EQ(look({"mx.broken.world", "mx.broken.world", false, false}).state, DaneState::Insecure);
  EXPECT_EQ(look({"192.0.2.1", "192.0.2.1", true, false}).state, DaneState::Off);
}

TEST_F(DaneLookup, FollowsAliasesToTheirBase) {
  const auto there = look({"inside.mail.world", "mx.mail.world", false, true});
  EXPECT_EQ(there.base, "mx.mail.world");
  // Nothing at the end of the chain: the name itself has records by a wildcard's alias.
  const auto linked = look({"linked.mail.world", "nobody.mail.world", false, true});
  EXPECT_EQ(linked.state, DaneState::Usable);
  EXPECT_EQ(linked.base, "linked.mail.world") << "case-mx-cname-secure-only-orig, case-tlsa-cname";
  EXPECT_EQ(look_signed("leaving.mail.world").state, DaneState::Absent)
      << "case-tlsa-cname-insecure-hop";
}

// case-mx-cname-insecure-target, case-mx-cname-insecure-all: the name is a signed alias that leads
// out of the signed tree, or one that is not signed.
TEST_F(DaneLookup, AsksWhetherTheAliasItselfIsSigned) {
  EXPECT_EQ(look({"out.mail.world", "mx.plain.world", false, false}).state, DaneState::Absent)
      << "signed: it was looked for at out.mail.world";
  EXPECT_EQ(look({"back.plain.world", "mx.mail.world", false, false}).state, DaneState::Insecure);
}

}  // namespace
}  // namespace outrider::policy
