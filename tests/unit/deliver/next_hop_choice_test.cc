#include "outrider/deliver/next_hop_choice.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace outrider::deliver {
namespace {

using dns::Status;
using testing::ElementsAre;
using testing::HasSubstr;

const Search by_domain{"example.org", false};
const Search by_route{"relay.example", true};

dns::MxAnswer mx(std::vector<dns::Mx> hosts) {
  dns::MxAnswer answer;
  answer.status = Status::Found;
  answer.hosts = std::move(hosts);
  return answer;
}

dns::MxAnswer mx(Status status) {
  dns::MxAnswer answer;
  answer.status = status;
  answer.why = "why";
  return answer;
}

dns::AddressAnswer addresses(std::initializer_list<const char*> texts) {
  dns::AddressAnswer answer;
  answer.status = texts.size() > 0 ? Status::Found : Status::NoData;
  for (const auto* text : texts) answer.addresses.push_back(*IpAddress::parse(text));
  return answer;
}

dns::AddressAnswer addresses(Status status) {
  dns::AddressAnswer answer;
  answer.status = status;
  answer.why = "why";
  return answer;
}

std::vector<std::string> names(const NextHop& hop) {
  std::vector<std::string> names;
  if (!hop) return {"error: " + hop.error().line()};
  for (const auto& host : *hop) names.push_back(host.name);
  return names;
}

std::string reply(const NextHop& hop) {
  return hop ? "none" : fmt::format("{} {}", hop.error().code, hop.error().status);
}

TEST(ChooseHosts, SortsByPreference) {
  const auto hop =
      choose_hosts(by_domain, mx({{30, "c.example"}, {10, "a.example"}, {20, "b.example"}}), {});
  EXPECT_THAT(names(hop), ElementsAre("a.example", "b.example", "c.example"));
}

// RFC 5321 §5.1: hosts of equal preference are randomised to spread the load.
TEST(ChooseHosts, MixesEqualPreferences) {
  std::set<std::vector<std::string>> orders;
  for (int i = 0; i < 200; ++i) {
    orders.insert(names(choose_hosts(by_domain, mx({{10, "a"}, {10, "b"}, {5, "first"}}), {})));
  }
  EXPECT_EQ(orders, (std::set<std::vector<std::string>>{{"first", "a", "b"}, {"first", "b", "a"}}));
}

TEST(ChooseHosts, TakesAHostOnceAndNotTooMany) {
  std::vector<dns::Mx> many{{10, "same"}, {20, "same"}};
  for (std::uint16_t i = 0; i < 100; ++i) many.push_back({30, fmt::format("mx{}", i)});
  HopOptions options;
  const auto hop = choose_hosts(by_domain, mx(many), options);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->size(), options.hosts);
  EXPECT_EQ(hop->at(0).preference, 10);
  EXPECT_NE(hop->at(1).name, "same");
}

// RFC 5321 §5.1: without MX the domain itself is the host, with preference 0.
TEST(ChooseHosts, TakesTheDomainItselfWithoutMx) {
  EXPECT_THAT(names(choose_hosts(by_domain, mx(Status::NoData), {})), ElementsAre("example.org"));
}

TEST(ChooseHosts, ReturnsMailToADomainThatDoesNotExist) {
  const auto hop = choose_hosts(by_domain, mx(Status::NoName), {});
  EXPECT_EQ(reply(hop), "550 5.1.2");
  EXPECT_THAT(hop.error().text, HasSubstr("the domain example.org does not exist"));
}

TEST(ChooseHosts, ReturnsMailForANullMx) {
  EXPECT_EQ(reply(choose_hosts(by_domain, mx({{0, ""}}), {})), "556 5.1.10");
}

TEST(ChooseHosts, CaresNotForANullMxBesideOthers) {
  EXPECT_THAT(names(choose_hosts(by_domain, mx({{0, ""}, {10, "a"}}), {})), ElementsAre("a"));
}

TEST(ChooseHosts, KeepsMailWhileDnsDoesNotAnswer) {
  EXPECT_EQ(reply(choose_hosts(by_domain, mx(Status::Failed), {})), "451 4.4.3");
  const auto bogus = choose_hosts(by_domain, mx(Status::Bogus), {});
  EXPECT_EQ(reply(bogus), "451 4.4.3");
  EXPECT_THAT(bogus.error().text, HasSubstr("DNSSEC: why"));
}

TEST(ChooseHosts, KeepsMailWhereTheOperatorsRouteLeadsNowhere) {
  for (const auto& answer : {mx(Status::NoName), mx({{0, ""}})}) {
    EXPECT_EQ(reply(choose_hosts(by_route, answer, {})), "451 4.3.5");
  }
}

TEST(ChooseHosts, OffersMailOnlyToBetterServersThanThisOne) {
  HopOptions options;
  options.own_names = {"me.example"};
  const auto hop =
      choose_hosts(by_domain, mx({{10, "a"}, {20, "b"}, {20, "ME.example"}, {30, "c"}}), options);
  EXPECT_THAT(names(hop), ElementsAre("a"));
}

TEST(ChooseHosts, SeesTheLoopWhereThisServerIsTheBest) {
  HopOptions options;
  options.own_names = {"me.example"};
  const auto hop = choose_hosts(by_domain, mx({{10, "me.example"}, {20, "b"}}), options);
  EXPECT_EQ(reply(hop), "554 5.4.6");
  EXPECT_THAT(hop.error().text, HasSubstr("me.example"));
}

std::vector<Host> hosts(std::initializer_list<std::pair<std::uint16_t, const char*>> list) {
  std::vector<Host> hosts;
  for (const auto& [preference, name] : list) hosts.push_back({name, name, preference, true, {}});
  return hosts;
}

std::vector<std::string> texts(const Host& host) {
  std::vector<std::string> texts;
  for (const auto& address : host.addresses) texts.push_back(address.text());
  return texts;
}

TEST(ChooseHosts, KeepsWhereSignedAliasesOfTheDomainLead) {
  auto answer = mx({{10, "a"}});
  answer.canonical = "real.example.net";
  EXPECT_EQ(choose_hosts(by_domain, answer, {})->front().expanded, "");
  answer.secure = true;
  EXPECT_EQ(choose_hosts(by_domain, answer, {})->front().expanded, "real.example.net");
}

TEST(SettleHosts, LetsFamiliesTakeTurns) {
  const auto hop = settle_hosts(
      by_domain, hosts({{10, "a"}}),
      {{addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3"}), addresses({"2001:db8::1"})}}, {}, true);
  ASSERT_TRUE(hop);
  EXPECT_THAT(texts(hop->front()),
              ElementsAre("2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"));
}

TEST(SettleHosts, BoundsTheAddressesOfAHost) {
  HopOptions options;
  options.addresses = 2;
  const auto hop = settle_hosts(
      by_domain, hosts({{10, "a"}}),
      {{addresses({"192.0.2.1", "192.0.2.2", "192.0.2.3"}), addresses({})}}, options, true);
  EXPECT_THAT(texts(hop->front()), ElementsAre("192.0.2.1", "192.0.2.2"));
}

TEST(SettleHosts, LeavesOutAddressesThatNobodyHas) {
  const auto hop = settle_hosts(
      by_domain, hosts({{10, "a"}, {20, "b"}}),
      {{addresses({"0.0.0.0", "224.0.0.1", "255.255.255.255"}), addresses({"::", "ff02::1"})},
       {addresses({"192.0.2.1"}), addresses({})}},
      {}, true);
  EXPECT_THAT(names(hop), ElementsAre("b"));
}

TEST(SettleHosts, UsesTheNextHostWhileOneCannotBeLookedUp) {
  const auto hop = settle_hosts(by_domain, hosts({{10, "a"}, {20, "b"}}),
                                {{addresses(Status::Failed), addresses(Status::Failed)},
                                 {addresses({"192.0.2.1"}), addresses(Status::Failed)}},
                                {}, true);
  EXPECT_THAT(names(hop), ElementsAre("b"));
  EXPECT_FALSE(hop->is_whole);
}

TEST(SettleHosts, IsWholeWhereNoHostIsMissingForAWhile) {
  const std::vector<HostAnswers> answers{{addresses({"192.0.2.1"}), addresses(Status::Failed)},
                                         {addresses(Status::NoName), addresses(Status::NoName)},
                                         {addresses({"192.0.2.2"}), addresses({})},
                                         {addresses(Status::Bogus), addresses({})}};
  const auto list = hosts({{10, "a"}, {20, "none"}, {30, "me"}, {30, "c"}});
  HopOptions options;
  options.own_addresses = {*IpAddress::parse("192.0.2.2")};
  const auto hop = settle_hosts(by_domain, list, answers, options, true);
  EXPECT_THAT(names(hop), ElementsAre("a"));
  EXPECT_TRUE(hop->is_whole) << "what is not better than this server does not matter";
  EXPECT_FALSE(settle_hosts(by_domain, list, answers, {}, true)->is_whole);
}

TEST(SettleHosts, KeepsMailWhereAHostCannotBeLookedUpAndNoneIsLeft) {
  for (const auto status : {Status::Failed, Status::Bogus}) {
    const auto hop = settle_hosts(by_domain, hosts({{10, "a"}, {20, "b"}}),
                                  {{addresses(Status::NoName), addresses(Status::NoName)},
                                   {addresses(Status::NoData), addresses(status)}},
                                  {}, true);
    EXPECT_EQ(reply(hop), "451 4.4.3");
  }
}

TEST(SettleHosts, ReturnsMailWhereNoHostHasAnAddress) {
  const auto hop = settle_hosts(
      by_domain, hosts({{10, "a.example"}, {20, "b.example"}}),
      {{addresses(Status::NoName), addresses(Status::NoName)}, {addresses({}), addresses({})}}, {},
      true);
  EXPECT_EQ(reply(hop), "550 5.4.4");
  EXPECT_THAT(hop.error().text, HasSubstr("a.example, b.example"));
}

TEST(SettleHosts, SaysThatADomainHasNeitherMxNorAddress) {
  const auto hop = settle_hosts(by_domain, {host_itself("example.org")},
                                {{addresses({}), addresses({})}}, {}, true);
  EXPECT_EQ(reply(hop), "550 5.4.4");
  EXPECT_THAT(hop.error().text, HasSubstr("neither mail servers (MX) nor an address"));
}

TEST(SettleHosts, KeepsMailForAFamilyThatIsSwitchedOff) {
  HopOptions options;
  options.families = AddressFamilies::Ipv4;
  const auto hop =
      settle_hosts(by_domain, hosts({{10, "a"}}), {{addresses({}), addresses({})}}, options, true);
  EXPECT_EQ(reply(hop), "451 4.4.4");
}

TEST(SettleHosts, CutsTheListAtAnAddressOfOurs) {
  HopOptions options;
  options.own_addresses = {*IpAddress::parse("192.0.2.2")};
  const std::vector<HostAnswers> answers{{addresses({"192.0.2.1"}), addresses({})},
                                         {addresses({"192.0.2.5"}), addresses({})},
                                         {addresses({"192.0.2.9", "192.0.2.2"}), addresses({})},
                                         {addresses({"192.0.2.3"}), addresses({})}};
  const auto list = hosts({{10, "a"}, {20, "b"}, {20, "me"}, {30, "c"}});
  EXPECT_THAT(names(settle_hosts(by_domain, list, answers, options, true)), ElementsAre("a"));
  EXPECT_THAT(names(settle_hosts(by_domain, list, answers, options, false)),
              ElementsAre("a", "b", "me", "c"));
}

TEST(SettleHosts, SeesALoopThroughLoopback) {
  for (const auto* address : {"127.0.0.1", "127.9.9.9"}) {
    const auto hop = settle_hosts(
        by_domain, hosts({{10, "a"}, {20, "b"}}),
        {{addresses({address}), addresses({})}, {addresses({"192.0.2.1"}), addresses({})}}, {},
        true);
    EXPECT_EQ(reply(hop), "554 5.4.6");
  }
}

TEST(SettleHosts, WaitsForABetterServerBeforeItSpeaksOfALoop) {
  const std::vector<HostAnswers> better_fails{{addresses(Status::Failed), addresses({})},
                                              {addresses({}), addresses({"::1"})}};
  const std::vector<HostAnswers> worse_fails{{addresses({"127.0.0.1"}), addresses({})},
                                             {addresses(Status::Failed), addresses({})}};
  const auto list = hosts({{10, "a"}, {20, "b"}});
  EXPECT_EQ(reply(settle_hosts(by_domain, list, better_fails, {}, true)), "451 4.4.3");
  EXPECT_EQ(reply(settle_hosts(by_domain, list, worse_fails, {}, true)), "554 5.4.6");
}

TEST(SettleHosts, IsSecureOnlyWhereEveryAnswerIs) {
  auto secure = addresses({"192.0.2.1"});
  secure.secure = true;
  const auto both = [&](bool ipv6) {
    auto other = addresses({"2001:db8::1"});
    other.secure = ipv6;
    return settle_hosts(by_domain, hosts({{10, "a"}}), {{secure, other}}, {}, true)->front().secure;
  };
  EXPECT_TRUE(both(true));
  EXPECT_FALSE(both(false));
}

TEST(SettleAddress, TakesALiteral) {
  const auto hop = settle_address({"[192.0.2.1]", false}, *IpAddress::parse("192.0.2.1"), {});
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->front().name, "192.0.2.1");
  EXPECT_THAT(texts(hop->front()), ElementsAre("192.0.2.1"));
}

TEST(SettleAddress, SeesALoopButNotWhereTheOperatorNamedIt) {
  const auto loopback = *IpAddress::parse("127.0.0.1");
  EXPECT_EQ(reply(settle_address({"[127.0.0.1]", false}, loopback, {})), "554 5.4.6");
  EXPECT_TRUE(settle_address({"", true}, loopback, {}));
}

TEST(SettleAddress, RefusesWhatIsNoHost) {
  const auto multicast = *IpAddress::parse("224.0.0.1");
  EXPECT_EQ(reply(settle_address({"[224.0.0.1]", false}, multicast, {})), "550 5.1.2");
}

}  // namespace
}  // namespace outrider::deliver
