// A session says who the peer is under the demand that it was verified for, and under no other.
#include "outrider/tls/demand.h"

#include "dane.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/proof.h"

namespace outrider::tls {
namespace {

TEST(Demand, IsTheSameWhateverTheOrder) {
  auto one = verdict_for(trust::Level::Verify, {"a", "b"});
  one.tlsa = {{3, 1, 1, "x"}, {2, 0, 1, "y"}};
  one.pins = {"00", "11"};
  auto two = verdict_for(trust::Level::Verify, {"b", "a"});
  two.tlsa = {{2, 0, 1, "y"}, {3, 1, 1, "x"}};
  two.pins = {"11", "00"};
  EXPECT_EQ(demand_digest(one), demand_digest(two));
  EXPECT_EQ(demand_digest(one).size(), 64u);
}

TEST(Demand, IsAnotherWithEachPart) {
  std::vector<trust::Verdict> all(14, verdict_for(trust::Level::Verify, {"a"}));
  all[1].level = trust::Level::Encrypt;
  all[2].names = {"b"};
  all[3].names = {"a", "a"};
  all[4].names = {};
  all[5].tlsa = {{3, 1, 1, "x"}};
  all[6].tlsa = {{2, 1, 1, "x"}};
  all[7].tlsa = {{3, 0, 1, "x"}};
  all[8].tlsa = {{3, 1, 2, "x"}};
  all[9].tlsa = {{3, 1, 1, "y"}};
  all[10].tlsa = {{3, 1, 1, "x"}, {3, 1, 1, "y"}};
  all[11].pins = {"a"};
  all[12].pins = {"a", "b"};
  all[13].names = {};
  all[13].pins = {"a"};
  std::vector<std::string> digests;
  for (const auto& verdict : all) digests.push_back(demand_digest(verdict));
  std::ranges::sort(digests);
  EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
}

class ResumingByProof : public ByProof {
 protected:
  Resumption place() { return {cache, "a"}; }
  static trust::Verdict pinned(const std::string& digest) {
    auto verdict = verdict_for(trust::Level::Encrypt, {host});
    verdict.pins = {digest};
    return verdict;
  }
  // Where the session for a demand is kept; taken out.
  std::pair<std::string, SSL_SESSION*> find(const trust::Verdict& verdict) {
    for (int i = 1; i < 1000; ++i) {
      auto full = "a\n" + std::to_string(i) + "\n" + host + "\n" +
                  std::string(trust::name(verdict.level)) + "\n" + host;
      if (is_special(verdict)) full += "\n:" + demand_digest(verdict);
      if (SSL_SESSION* session = cache->take(full)) return {full, session};
    }
    return {};
  }
  std::shared_ptr<SessionCache> cache = std::make_shared<SessionCache>();
};

TEST_F(ResumingByProof, ProofIsKnownAgain) {
  const auto facts = meet(*chained, verdict_for(trust::Level::Opportunistic, {host})).facts;
  const auto home = server(*chained);
  for (const auto version : {Version::Tls12, Version::Tls13}) {
    const auto context = client(*stranger, version);
    for (const auto& verdict :
         {demand({record(*chained, {})}), demand({record(*chained, {.usage = 2}, 1)}),
          pinned(facts.peer_key_digest)}) {
      const auto first = meet(*home, *context, verdict, place());
      ASSERT_TRUE(first.done) << first.error;
      EXPECT_FALSE(first.facts.resumed);
      for (int i = 0; i < 2; ++i) {
        auto again = meet(*home, *context, verdict, place());
        EXPECT_TRUE(again.facts.resumed) << name(first.facts.proof);
        again.facts.resumed = false;
        EXPECT_EQ(again.facts.text(), first.facts.text());
        EXPECT_EQ(again.facts.record, first.facts.record);
        EXPECT_EQ(again.facts.depth, first.facts.depth);
        EXPECT_EQ(again.facts.peer_name, first.facts.peer_name);
        EXPECT_EQ(again.facts.why, "");
      }
    }
  }
}

TEST_F(ResumingByProof, AnExpiredCertificateIsResumedWhereItsDateIsNoMatter) {
  const auto files = ca->issue({.names = {host}, .age = Wish::Age::Expired});
  const auto home = server(files);
  const auto context = client(*stranger);
  const auto verdict = demand({record(files, {})});
  EXPECT_TRUE(meet(*home, *context, verdict, place()).done);
  const auto again = meet(*home, *context, verdict, place()).facts;
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.peer, PeerCheck::Verified);
  EXPECT_EQ(again.why, "");
}

TEST_F(ResumingByProof, NoSessionCrossesAChangeOfDemand) {
  const auto home = server(*plain);
  const auto context = client(*ca);
  const auto right = record(*plain, {});
  const auto key = meet(*plain, verdict_for(trust::Level::Opportunistic, {host})).facts;
  const trust::Verdict demands[] = {verdict_for(trust::Level::Opportunistic, {host}),
                                    verdict_for(trust::Level::Encrypt, {host}),
                                    verdict_for(trust::Level::Verify, {host}),
                                    demand({right}),
                                    demand({right, wrong(right)}),
                                    demand({right}, {host, "example.org"}),
                                    pinned(key.peer_key_digest)};
  for (const auto& verdict : demands) {
    const auto outcome = meet(*home, *context, verdict, place());
    EXPECT_TRUE(outcome.done) << outcome.error;
    EXPECT_FALSE(outcome.facts.resumed);
  }
  for (const auto& verdict : demands)
    EXPECT_TRUE(meet(*home, *context, verdict, place()).facts.resumed);
  EXPECT_FALSE(meet(*home, *context, demand({wrong(right)}), place()).done)
      << "records that no longer match are not passed by";
}

// Whatever key it was put under: the session itself knows what it was verified for.
TEST_F(ResumingByProof, ASessionUnderAWrongKeyIsNotUsed) {
  const auto home = server(*plain);
  const auto context = client(*ca);
  const auto right = record(*plain, {});
  const std::vector<trust::Verdict> demands = {verdict_for(trust::Level::Verify, {host}),
                                               demand({right}), demand({right, wrong(right)})};
  for (const auto& from : demands) {
    for (const auto& to : demands) {
      if (demand_digest(from) == demand_digest(to)) continue;
      cache->forget_all();
      ASSERT_TRUE(meet(*home, *context, to, place()).done);
      const auto [wanted, unused] = find(to);
      ASSERT_NE(unused, nullptr);
      SSL_SESSION_free(unused);
      ASSERT_TRUE(meet(*home, *context, from, place()).done);
      SSL_SESSION* session = find(from).second;
      ASSERT_NE(session, nullptr);
      cache->keep(wanted, session);
      const auto outcome = meet(*home, *context, to, place());
      EXPECT_TRUE(outcome.done) << outcome.error;
      EXPECT_FALSE(outcome.facts.resumed);
    }
  }
}

TEST_F(ResumingByProof, ARefusedPeerLeavesNothing) {
  const auto home = server(*plain);
  const auto context = client(*ca);
  EXPECT_FALSE(meet(*home, *context, demand({record(*other, {})}), place()).done);
  EXPECT_FALSE(meet(*home, *context, pinned("00"), place()).done);
  EXPECT_EQ(cache->size(), 0u);
}

}  // namespace
}  // namespace outrider::tls
