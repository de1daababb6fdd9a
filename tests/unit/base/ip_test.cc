#include "outrider/base/ip.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(IpAddress, ReadsWhatItWrote) {
  for (const auto* text : {"192.0.2.1", "2001:db8::1", "::1", "0.0.0.0"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
    EXPECT_EQ(IpAddress::parse_literal(address->literal()), address);
  }
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const auto* bad :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "::g", "127.1", "[::1]"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
  for (const auto* bad : {"192.0.2.1", "[192.0.2.1", "[IPv6:192.0.2.1]", "[::1]", "[]"}) {
    EXPECT_FALSE(IpAddress::parse_literal(bad)) << bad;
  }
}

TEST(IpAddress, MappedIsHeldAsIpv4) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
}

TEST(Network, ContainsItsAddresses) {
  const auto network = Network::parse("192.0.2.128/25");
  ASSERT_TRUE(network);
  EXPECT_TRUE(network->contains(*IpAddress::parse("192.0.2.129")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("192.0.2.1")));
  EXPECT_FALSE(network->contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_TRUE(Network::parse("::/0")->contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_EQ(Network::parse("192.0.2.1")->prefix, 32u);
  for (const auto* bad : {"192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "x/8", "::/129"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
}

TEST(Endpoint, ReadsWhatItWrote) {
  for (const auto* text : {"192.0.2.1:25", "[2001:db8::1]:2525"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->text(), text);
  }
  for (const auto* bad :
       {"192.0.2.1", "192.0.2.1:65536", "2001:db8::1:25", "[192.0.2.1]:25", ":25"}) {
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace outrider
