#include "outrider/trust/suggest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Time noon = Time(1'700'000'000'000ms);

struct World {
  DomainRecord domain;
  std::vector<HostRecord> hosts;

  void session(PeerCheck peer, PeerProof proof = PeerProof::Ca, Time when = noon) {
    TlsFacts facts;
    facts.version = "TLSv1.3";
    facts.peer = peer;
    facts.proof = peer == PeerCheck::Verified ? proof : PeerProof::None;
    facts.why = peer == PeerCheck::Verified ? "" : "self-signed certificate";
    const bool verified = peer == PeerCheck::Verified;
    secured(hosts.emplace_back(), sighting(when), facts);
    seen(domain, sighting(when), {.verified = verified, .unverified = !verified});
  }
  void without() {
    missed(hosts.emplace_back(), sighting(noon), "the server does not offer STARTTLS", false);
    seen(domain, sighting(noon), {.without = 1});
  }
  static Sighting sighting(Time when) { return {"mx.test:25", "test", when, "", ""}; }
  std::optional<Suggestion> advice(std::uint64_t days = 14,
                                   Level in_force = Level::Opportunistic) const {
    return suggest(domain, hosts, in_force, noon, days);
  }
};

TEST(Suggest, VerifyWhereAllSessionsWereProven) {
  World world;
  world.session(PeerCheck::Verified);
  world.session(PeerCheck::Verified);
  const auto advice = world.advice();
  ASSERT_TRUE(advice);
  EXPECT_EQ(advice->level, Level::Verify);
  EXPECT_EQ(advice->lost, 0u);
  EXPECT_EQ(advice->sessions.verified, 2u);
}

TEST(Suggest, EncryptWhereSomeWereNotAndSaysWhatVerifyWouldHaveLost) {
  World world;
  world.session(PeerCheck::Verified);
  world.session(PeerCheck::Unverified);
  const auto advice = world.advice();
  EXPECT_EQ(advice->level, Level::Encrypt);
  EXPECT_EQ(advice->lost, 1u);
  EXPECT_THAT(advice->why, HasSubstr("self-signed certificate"));
}

TEST(Suggest, NothingWhereMailWouldHaveBeenLost) {
  World world;
  world.session(PeerCheck::Verified);
  world.without();
  const auto advice = world.advice();
  EXPECT_FALSE(advice->level);
  EXPECT_EQ(advice->lost, 1u);
  EXPECT_THAT(advice->why, HasSubstr("does not offer STARTTLS"));
}

TEST(Suggest, NothingThatIsLessThanWhatIsAskedForAlready) {
  World proven;
  proven.session(PeerCheck::Verified);
  EXPECT_EQ(proven.advice(14, Level::Encrypt)->level, Level::Verify);
  EXPECT_EQ(proven.advice(14, Level::Dane)->level, Level::Verify) << "where there are no records";
  EXPECT_FALSE(proven.advice(14, Level::Verify)->level);
  EXPECT_EQ(proven.advice(14, Level::Verify)->why, "the default asks for verify already");
  EXPECT_FALSE(proven.advice(14, Level::MtaSts)->level);
  World unproven;
  unproven.session(PeerCheck::Unverified);
  const auto advice = unproven.advice(14, Level::Verify);
  EXPECT_FALSE(advice->level);
  EXPECT_EQ(advice->why, "the default (verify) is stricter already");
  EXPECT_EQ(advice->lost, 1u);
}

// What a TLSA record proves has no authority: "verify" would lose it.
TEST(Suggest, NothingWhereDaneDecidesAlready) {
  World world;
  world.session(PeerCheck::Verified, PeerProof::DaneEe);
  EXPECT_FALSE(world.advice()->level);
  EXPECT_THAT(world.advice()->why, HasSubstr("DANE"));
}

TEST(Suggest, LooksNoFurtherBackThanItIsTold) {
  World world;
  world.without();
  world.domain.days.front().number -= 20;
  EXPECT_FALSE(world.advice(14));
  EXPECT_TRUE(world.advice(30));
  world.session(PeerCheck::Verified);
  EXPECT_EQ(world.advice(14)->level, Level::Verify);
}

}  // namespace
}  // namespace outrider::trust
