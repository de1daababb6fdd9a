#include "outrider/receive/options.h"

#include <gtest/gtest.h>

namespace outrider::receive {
namespace {

TlsFacts shown(PeerCheck peer, std::string name) {
  TlsFacts facts;
  facts.peer = peer;
  facts.peer_name = std::move(name);
  facts.peer_digest = std::string(64, 'a');
  facts.peer_key_digest = std::string(64, 'b');
  return facts;
}

TEST(KnownCertificates, AreKnownByCertificateOrKey) {
  KnownCertificates known;
  known.digests = {std::string(64, 'c')};
  EXPECT_FALSE(known.contain(shown(PeerCheck::Unverified, "a.example")));
  known.digests.push_back(std::string(64, 'a'));
  EXPECT_TRUE(known.contain(shown(PeerCheck::Unverified, "a.example")));
  known.digests = {std::string(64, 'b')};
  EXPECT_TRUE(known.contain(shown(PeerCheck::Unverified, "a.example")));
  EXPECT_FALSE(known.contain(TlsFacts{})) << "no certificate was shown";
}

// A name proves something only where an authority of ours says that it is the client's.
TEST(KnownCertificates, NamesCountWhereTheyAreVerified) {
  KnownCertificates known;
  known.names = {".example.org"};
  EXPECT_TRUE(known.contain(shown(PeerCheck::Verified, "mx.example.org")));
  EXPECT_FALSE(known.contain(shown(PeerCheck::Unverified, "mx.example.org")));
  EXPECT_FALSE(known.contain(shown(PeerCheck::Verified, "mx.example.net")));
}

TEST(Partner, IsADomainOrANetwork) {
  Partner partner;
  EXPECT_FALSE(partner.covers("example.org", std::nullopt));
  partner.domain = "example.org";
  EXPECT_TRUE(partner.covers("example.org", std::nullopt));
  EXPECT_FALSE(partner.covers("", std::nullopt)) << "the null reverse-path";
  partner.networks = {*Network::parse("192.0.2.0/24")};
  const Endpoint inside{*IpAddress::parse("192.0.2.9"), 25};
  const Endpoint outside{*IpAddress::parse("192.0.3.9"), 25};
  EXPECT_TRUE(partner.covers("example.net", inside));
  EXPECT_FALSE(partner.covers("example.net", outside));
}

}  // namespace
}  // namespace outrider::receive
