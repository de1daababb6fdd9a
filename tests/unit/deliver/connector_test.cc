#include "outrider/deliver/connector.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

std::string port_of(const ScriptedServer& server) { return std::to_string(server.port()); }

/// away.test has two MX hosts; both listen on one port, of addresses of their own.
struct TwoHosts {
  explicit TwoHosts(ScriptedServer::Rules first_rules, ScriptedServer::Rules second_rules = {})
      : second(std::move(second_rules), "127.0.0.2:0"),
        first(std::move(first_rules), "127.0.0.3:" + port_of(second)) {
    post.world.mx_records["away.test"] = {{10, "mx1.away.test"}, {20, "mx2.away.test"}};
    post.world.addresses["mx1.away.test"] = {*IpAddress::parse("127.0.0.3")};
    post.world.addresses["mx2.away.test"] = {*IpAddress::parse("127.0.0.2")};
    post.route("away.test", "smtp://away.test:" + port_of(second));
  }
  ScriptedServer second, first;
  Post post;
};

TEST(Connector, TakesTheHostWithTheLowestPreference) {
  TwoHosts hosts({});
  hosts.post.start();
  hosts.post.put_to("anna@away.test");
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.first.messages().size(), 1u);
  EXPECT_EQ(hosts.second.connections, 0);
  EXPECT_TRUE(hosts.post.logs("relay=mx1.away.test[127.0.0.3]:"));
}

class GreetingRefused : public testing::TestWithParam<const char*> {};

// RFC 5321 §3.1, §4.2.4.2; RFC 7504: another host may take it.
TEST_P(GreetingRefused, GoesToTheNextHost) {
  ScriptedServer::Rules rules;
  rules.greeting = GetParam();
  TwoHosts hosts(rules);
  hosts.post.start();
  hosts.post.put_to("anna@away.test");
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.first.connections, 1);
  EXPECT_EQ(hosts.second.messages().size(), 1u);
}
INSTANTIATE_TEST_SUITE_P(All, GreetingRefused,
                         testing::Values("421 4.3.2 busy", "450 4.7.0 later", "521 no mail here",
                                         "554 5.7.1 go away", "nonsense", "-"));

TEST(Connector, GoesToTheNextHostWhenItsNameIsRefused) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("EHLO") || command.starts_with("HELO") ? "550 5.7.1 who?" : "";
  };
  TwoHosts hosts(rules);
  hosts.post.start();
  hosts.post.put_to("anna@away.test");
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.second.messages().size(), 1u);
}

TEST(Connector, KeepsMailWhereEveryGreetingIsARefusal) {
  ScriptedServer::Rules rules;
  rules.greeting = "554 5.7.1 go away";
  TwoHosts hosts(rules, rules);
  hosts.post.start();
  hosts.post.put_to("anna@away.test");
  EXPECT_TRUE(hosts.post.logs("status=deferred")) << hosts.post.log();
  EXPECT_TRUE(hosts.post.logs("reply=\"554 5.7.1 go away\""));
  EXPECT_EQ(hosts.post.queue->counts().messages, 1u);
}

// RFC 7504 §3: a host that never takes mail.
TEST(Connector, ReturnsMailWhereNoHostEverTakesMail) {
  ScriptedServer::Rules rules;
  rules.greeting = "521 5.3.2 no mail here";
  TwoHosts hosts(rules, rules);
  hosts.post.start();
  hosts.post.put_to("anna@away.test");
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_TRUE(hosts.post.logs("status=bounced"));
  EXPECT_EQ(hosts.post.mailbox("sender").size(), 1u);
}

TEST(Connector, GoesToTheNextHostWhenOneIsDown) {
  TwoHosts hosts({});
  hosts.post.world.addresses["mx1.away.test"] = {*IpAddress::parse("127.0.0.9")};
  hosts.post.options.dead.first = 10min;
  hosts.post.start();
  for (int i = 0; i < 3; ++i) hosts.post.put_to("anna@away.test");
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.second.messages().size(), 3u);
}

TEST(Connector, ReturnsMailForADomainThatDoesNotExist) {
  Post post;
  post.start();
  post.put_to("anna@nowhere.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("status=bounced relay=none"));
  EXPECT_TRUE(post.logs("dsn=5.1.2"));
}

TEST(Connector, KeepsMailWhileNamesCannotBeLookedUp) {
  Post post;
  post.world.fails = true;
  post.start();
  post.put_to("anna@away.test");
  EXPECT_TRUE(post.logs("status=deferred relay=none"));
  EXPECT_EQ(post.queue->counts().messages, 1u);
}

}  // namespace
}  // namespace outrider::deliver
