#include "outrider/base/tls_facts.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(TlsFacts, ReadAsTheLogWantsThem) {
  TlsFacts facts{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .group = "X25519"};
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/X25519");
  facts.peer = PeerCheck::Verified;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/X25519/verified");
  facts.group.clear();
  facts.peer = PeerCheck::Unverified;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/unverified");
  facts.resumed = true;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/unverified/resumed");
  facts.kernel = true;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/unverified/resumed/ktls");
}

TEST(TlsFacts, TellAProofThatIsNoAuthority) {
  TlsFacts facts{.version = "TLSv1.3", .cipher = "AES", .peer = PeerCheck::Verified};
  const std::pair<PeerProof, std::string> rows[] = {{PeerProof::Ca, ""},
                                                    {PeerProof::DaneTa, ":dane-ta"},
                                                    {PeerProof::DaneEe, ":dane-ee"},
                                                    {PeerProof::Pin, ":pin"}};
  for (const auto& [proof, text] : rows) {
    facts.proof = proof;
    EXPECT_EQ(facts.text(), "TLSv1.3/AES/verified" + text);
  }
  facts.peer = PeerCheck::Unverified;
  EXPECT_EQ(facts.text(), "TLSv1.3/AES/unverified") << "a proof of nothing is not told";
}

}  // namespace
}  // namespace outrider
