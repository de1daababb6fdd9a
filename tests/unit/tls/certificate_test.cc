#include "outrider/tls/certificate.h"

#include <gmock/gmock.h>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::ElementsAre;
using testing::MatchesRegex;

std::vector<CertificateFacts> chain_of(test::TestCa& ca, const CertificateWish& wish) {
  const auto files = ca.issue(wish);
  const auto server = ServerContext::load({{{files.certificate, files.key}}});
  const auto client = ClientContext::load({.ca_file = ca.authority_file()});
  Pair both(**server, **client, "mx.example.org", verdict_for(trust::Level::Encrypt, {}));
  EXPECT_TRUE(both.shake_hands());
  const auto facts = both.client.facts();
  auto chain = both.client.peer_chain();
  EXPECT_EQ(facts.peer_digest, chain.at(0).digest);
  EXPECT_EQ(facts.peer_key_digest, chain.at(0).key_digest);
  return chain;
}

TEST(CertificateFacts, TellWhatACertificateSays) {
  test::TestCa ca;
  const auto chain = chain_of(ca, {.names = {"mx.example.org", "*.example.net"}});
  ASSERT_EQ(chain.size(), 1u);
  const auto& leaf = chain[0];
  EXPECT_EQ(leaf.subject, "CN=mx.example.org");
  EXPECT_EQ(leaf.issuer, "CN=Test Authority");
  EXPECT_THAT(leaf.names, ElementsAre("mx.example.org", "*.example.net"));
  EXPECT_EQ(leaf.key, "EC P-256");
  EXPECT_EQ(leaf.signature, "ecdsa-with-SHA256");
  EXPECT_THAT(leaf.digest, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_THAT(leaf.key_digest, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_NE(leaf.digest, leaf.key_digest);
  EXPECT_FALSE(leaf.must_staple);
  EXPECT_FALSE(leaf.self_issued);
  EXPECT_LT(leaf.from, now());
  EXPECT_GT(leaf.until, now() + std::chrono::days(29));
}

TEST(CertificateFacts, ComeAsAChain) {
  test::TestCa ca;
  const auto chain =
      chain_of(ca, {.names = {"mx.example.org"}, .issuer = CertificateWish::Issuer::Intermediate});
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0].issuer, "CN=Test Intermediate");
  EXPECT_EQ(chain[1].subject, "CN=Test Intermediate");
  EXPECT_EQ(chain[1].issuer, "CN=Test Authority");
}

TEST(CertificateFacts, KnowKindsOfKeysAndWhoSigned) {
  test::TestCa ca;
  const auto rsa = chain_of(ca, {.names = {"a.example"}, .key = CertificateWish::Key::Rsa})[0];
  EXPECT_EQ(rsa.key, "RSA 2048");
  const auto own =
      chain_of(ca, {.names = {"a.example"}, .issuer = CertificateWish::Issuer::Itself})[0];
  EXPECT_TRUE(own.self_issued);
  EXPECT_TRUE(chain_of(ca, {.names = {"a.example"}, .must_staple = true})[0].must_staple);
}

TEST(CertificateFacts, AreBounded) {
  test::TestCa ca;
  CertificateWish wish;
  for (int i = 0; i < 50; ++i) wish.names.push_back("name" + std::to_string(i) + ".example.org");
  EXPECT_EQ(chain_of(ca, wish)[0].names.size(), 20u);
}

}  // namespace
}  // namespace outrider::tls
