#include "outrider/deliver/next_hop.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/dns_world.h"
#include "support/loops.h"

namespace outrider::deliver {
namespace {

using Kind = test::DnsZone::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string many_mx() {
  std::string records;
  for (int i = 0; i < 60; ++i) {
    records += fmt::format("many MX {} h{}.hop.world.\nh{} A 192.0.2.{}\n", i, i, i, i + 1);
  }
  return records;
}

const std::vector<test::DnsZone>& zones() {
  static const std::vector<test::DnsZone> zones{
      {"world", Kind::Signed, ""},
      {"hop.world", Kind::Signed,
       "@ MX 10 mx1\n@ MX 20 mx2\n@ MX 30 mx3\n"
       "mx1 A 192.0.2.1\nmx1 AAAA 2001:db8::1\nmx2 CNAME real\nreal A 192.0.2.2\n"
       "mx3 A 192.0.2.3\n"
       "bare A 192.0.2.4\nalias CNAME bare\nempty TXT \"no mail\"\nnone MX 0 .\n"
       "dead MX 10 gone\n"
       "half MX 10 host.broken.world.\nhalf MX 20 mx1\n"
       "stuck MX 10 host.broken.world.\n"
       "local MX 10 loop\nloop A 127.0.0.1\n" +
           many_mx()},
      {"tampered.world", Kind::Tampered, "@ A 192.0.2.66\n@ MX 10 tampered.world.\n"},
      {"broken.world", Kind::Broken, ""}};
  return zones;
}

class NextHopTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::DnsWorld::missing().empty()) return;
    world_ = std::make_unique<test::DnsWorld>(zones());
    dns::Options options;
    options.forwarders = {world_->forwarder()};
    options.trust_anchor_files = {world_->trust_anchor_file()};
    options.timeout = std::chrono::seconds(5);
    auto resolver = dns::Resolver::open(options);
    ASSERT_TRUE(resolver) << resolver.error().text();
    resolver_ = std::move(*resolver);
    loops_ = std::make_unique<test::Loops>();
  }
  static void TearDownTestSuite() {
    resolver_.reset();
    loops_.reset();
    world_.reset();
  }
  void SetUp() override {
    if (!world_) GTEST_SKIP() << test::DnsWorld::missing();
  }

  NextHop find(const Address& recipient, std::string_view route = "mx") {
    Routes routes;
    EXPECT_TRUE(routes.add("*", *parse_route(route)));
    auto destination = routes.destination(routes.key_for(recipient));
    return loops_->run(find_next_hop(*resolver_, destination, options_));
  }
  NextHop find(const std::string& domain) { return find(Address{"user", domain}); }

  static std::unique_ptr<test::DnsWorld> world_;
  static std::unique_ptr<test::Loops> loops_;
  static std::unique_ptr<dns::Resolver> resolver_;
  HopOptions options_;
};
std::unique_ptr<test::DnsWorld> NextHopTest::world_;
std::unique_ptr<test::Loops> NextHopTest::loops_;
std::unique_ptr<dns::Resolver> NextHopTest::resolver_;

std::vector<std::string> lines(const NextHop& hop) {
  if (!hop) return {fmt::format("{} {}", hop.error().code, hop.error().status)};
  std::vector<std::string> lines;
  for (const auto& host : *hop) {
    std::string line = host.name;
    for (const auto& address : host.addresses) line += ' ' + address.text();
    lines.push_back(line);
  }
  return lines;
}

TEST_F(NextHopTest, OffersMailToTheMxInOrder) {
  const auto hop = find("hop.world");
  EXPECT_THAT(lines(hop), ElementsAre("mx1.hop.world 2001:db8::1 192.0.2.1",
                                      "mx2.hop.world 192.0.2.2", "mx3.hop.world 192.0.2.3"));
  EXPECT_TRUE(hop->front().secure);
}

TEST_F(NextHopTest, ToleratesAnMxThatIsAnAliasAndKeepsBothNames) {
  const auto hop = find("hop.world");
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->at(1).name, "mx2.hop.world");
  EXPECT_EQ(hop->at(1).canonical, "real.hop.world");
}

TEST_F(NextHopTest, TakesTheDomainItselfWithoutMx) {
  EXPECT_THAT(lines(find("bare.hop.world")), ElementsAre("bare.hop.world 192.0.2.4"));
  EXPECT_THAT(lines(find("alias.hop.world")), ElementsAre("alias.hop.world 192.0.2.4"));
}

TEST_F(NextHopTest, ReturnsWhatCannotBeDelivered) {
  EXPECT_THAT(lines(find("nobody.hop.world")), ElementsAre("550 5.1.2"));
  EXPECT_THAT(lines(find("none.hop.world")), ElementsAre("556 5.1.10"));
  EXPECT_THAT(lines(find("empty.hop.world")), ElementsAre("550 5.4.4"));
  EXPECT_THAT(lines(find("dead.hop.world")), ElementsAre("550 5.4.4"));
  EXPECT_THAT(lines(find("")), ElementsAre("550 5.1.3"));
}

TEST_F(NextHopTest, KeepsWhatMayGoLater) {
  EXPECT_THAT(lines(find("tampered.world")), ElementsAre("451 4.4.3"));
  EXPECT_THAT(lines(find("broken.world")), ElementsAre("451 4.4.3"));
  EXPECT_THAT(lines(find("stuck.hop.world")), ElementsAre("451 4.4.3"));
}

TEST_F(NextHopTest, GoesOnWithTheHostsThatAreFound) {
  EXPECT_THAT(lines(find("half.hop.world")), ElementsAre("mx1.hop.world 2001:db8::1 192.0.2.1"));
}

TEST_F(NextHopTest, UsesTheFamilyThatIsSet) {
  options_.families = AddressFamilies::Ipv6;
  EXPECT_THAT(lines(find("hop.world")), ElementsAre("mx1.hop.world 2001:db8::1"));
  options_.families = AddressFamilies::Ipv4;
  EXPECT_THAT(lines(find("hop.world")).front(), "mx1.hop.world 192.0.2.1");
}

TEST_F(NextHopTest, BoundsAListThatIsTooLong) {
  const auto hop = find("many.hop.world");
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->size(), options_.hosts);
  EXPECT_EQ(hop->back().name, "h19.hop.world");
}

TEST_F(NextHopTest, NeverSendsMailToItself) {
  EXPECT_THAT(lines(find("local.hop.world")), ElementsAre("554 5.4.6"));
  EXPECT_THAT(lines(find("[127.0.0.1]")), ElementsAre("554 5.4.6"));
  options_.own_names = {"mx2.hop.world"};
  EXPECT_THAT(lines(find("hop.world")).size(), 1u);
  options_.own_addresses = {*IpAddress::parse("192.0.2.4")};
  EXPECT_THAT(lines(find("bare.hop.world")), ElementsAre("554 5.4.6"));
}

TEST_F(NextHopTest, AsksNothingForAnAddress) {
  EXPECT_THAT(lines(find("[192.0.2.99]")), ElementsAre("192.0.2.99 192.0.2.99"));
  EXPECT_THAT(lines(find("[IPv6:2001:db8::99]")), ElementsAre("2001:db8::99 2001:db8::99"));
  EXPECT_THAT(lines(find({"a", "x"}, "smtp://127.0.0.1:25")), ElementsAre("127.0.0.1 127.0.0.1"));
}

TEST_F(NextHopTest, FollowsTheOperatorsRoute) {
  const Address address{"user", "far.example"};
  EXPECT_THAT(lines(find(address, "smtp://hop.world")).size(), 3u);
  EXPECT_THAT(lines(find(address, "smtp://[mx3.hop.world]:587")),
              ElementsAre("mx3.hop.world 192.0.2.3"));
  EXPECT_THAT(lines(find(address, "lmtp://mx3.hop.world")), ElementsAre("mx3.hop.world 192.0.2.3"));
  EXPECT_THAT(lines(find(address, "smtp://[loop.hop.world]")),
              ElementsAre("loop.hop.world 127.0.0.1"));
}

TEST_F(NextHopTest, KeepsMailWhereTheOperatorsRouteLeadsNowhere) {
  const auto hop = find({"user", "far.example"}, "smtp://[nobody.hop.world]");
  EXPECT_THAT(lines(hop), ElementsAre("451 4.3.5"));
  EXPECT_THAT(hop.error().text, HasSubstr("nobody.hop.world"));
}

}  // namespace
}  // namespace outrider::deliver
