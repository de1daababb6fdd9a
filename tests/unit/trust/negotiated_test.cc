#include "outrider/trust/negotiated.h"

#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

Verdict at(Level level) {
  Facts facts;
  facts.destination = "example.org";
  facts.site = level;
  return decide(facts);
}

TlsFacts facts(std::string version, std::string cipher, PeerCheck peer = PeerCheck::Unverified) {
  TlsFacts made;
  made.version = std::move(version);
  made.cipher = std::move(cipher);
  made.peer = peer;
  return made;
}

TEST(Negotiated, H5_IsEnoughWithAeadAndTheVersionThatIsAskedFor) {
  const auto good = facts("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_EQ(shortfall(good, at(Level::Encrypt), "TLSv1.2"), "");
  EXPECT_EQ(
      shortfall(facts("TLSv1.3", "TLS_AES_256_GCM_SHA384"), at(Level::Opportunistic), "TLSv1.2"),
      "");
}

TEST(Negotiated, H5_IsNotEnoughWithoutPrivacy) {
  for (const char* cipher : {"NULL-SHA256", "ECDHE-ECDSA-NULL-SHA", "EXP-RC4-MD5", "DES-CBC-SHA",
                             "TLS_SHA256_NULL", ""}) {
    const auto found = facts("TLSv1.2", cipher);
    EXPECT_TRUE(shortfall(found, at(Level::Opportunistic), "TLSv1").starts_with("no privacy"))
        << cipher;
  }
}

TEST(Negotiated, H5_IsNotEnoughBelowTheMinimum) {
  const std::string cipher = "ECDHE-RSA-AES256-SHA";
  EXPECT_EQ(shortfall(facts("TLSv1", cipher), at(Level::Encrypt), "TLSv1.2"),
            "TLSv1 is older than TLSv1.2");
  EXPECT_EQ(shortfall(facts("TLSv1.1", cipher), at(Level::Encrypt), "TLSv1"), "");
  EXPECT_NE(shortfall(facts("TLSv1.2", cipher), at(Level::Encrypt), "TLSv1.3"), "");
}

TEST(Negotiated, R7_IsNotEnoughWithAnotherPeerThanTheLevelDemands) {
  const auto unknown = facts("TLSv1.3", "TLS_AES_256_GCM_SHA384");
  EXPECT_NE(shortfall(unknown, at(Level::Verify), "TLSv1.2"), "");
  const auto known = facts("TLSv1.3", "TLS_AES_256_GCM_SHA384", PeerCheck::Verified);
  EXPECT_EQ(shortfall(known, at(Level::Verify), "TLSv1.2"), "");
}

}  // namespace
}  // namespace outrider::trust
