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

struct Secured {
  Secured() {
    const auto files = ca.issue("mx.away.test");
    tls::ServerOptions server;
    server.keys = {{files.certificate, files.key}};
    context = *tls::ServerContext::load(server);
    tls::ClientOptions client;
    client.ca_file = ca.authority_file();
    post.tls = *tls::ClientContext::load(client);
    post.world.addresses["mx.away.test"] = {*IpAddress::parse("127.0.0.1")};
  }
  void route(const ScriptedServer& server, std::string_view level, std::string_view scheme = "smtp",
             std::string_view host = "mx.away.test") {
    post.route("away.test", std::string(scheme) + "://[" + std::string(host) +
                                "]:" + port_of(server) + "?tls=" + std::string(level));
  }
  test::TestCa ca;
  std::shared_ptr<const tls::ServerContext> context;
  Post post;
};

TEST(ConnectorTls, UsesItWhereItIsOfferedAndLogsIt) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(server.messages()[0].secure);
  EXPECT_EQ(server.count("EHLO"), 2u) << "RFC 3207 §4.2";
  EXPECT_TRUE(site.post.logs("tls=TLSv1.3/")) << site.post.log();
  EXPECT_TRUE(site.post.logs("level=opportunistic"));
}

TEST(ConnectorTls, GoesOnInClearWhereAHandshakeFailsAndNoneIsDemanded) {
  Secured site;
  ScriptedServer server({.breaks_tls = true});
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_FALSE(server.messages()[0].secure);
  EXPECT_EQ(server.connections, 2);
  EXPECT_TRUE(site.post.logs("tls failed"));
  EXPECT_TRUE(site.post.logs("tls=none"));
}

// CVE-2021-22947 and its like: what stands behind the 220 is nobody's, and the connection is left.
TEST(ConnectorTls, LeavesAServerThatSpeaksInClearBehindIts220) {
  Secured site;
  ScriptedServer::Rules rules{.tls = site.context};
  rules.answer = [](std::string_view command) -> std::string {
    return command == "STARTTLS" ? "220 go\r\n250 2.0.0 injected" : "";
  };
  ScriptedServer server(rules);
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(ConnectorTls, GoesOnInClearWhereStartTlsIsRefused) {
  Secured site;
  ScriptedServer::Rules rules{.tls = site.context};
  rules.answer = [](std::string_view command) -> std::string {
    return command == "STARTTLS" ? "454 4.7.0 not now" : "";
  };
  ScriptedServer server(rules);
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.connections, 1);
}

TEST(ConnectorTls, AsksForNoneWhereTheRouteWantsNone) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "none");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.count("STARTTLS"), 0u);
}

enum class Without { Offer, Handshake, Go };
class TlsDemanded : public testing::TestWithParam<Without> {};

// Below the level that is demanded nothing is sent, not even an address.
TEST_P(TlsDemanded, SendsNothingInClear) {
  Secured site;
  ScriptedServer::Rules rules;
  if (GetParam() == Without::Handshake) rules.breaks_tls = true;
  if (GetParam() == Without::Go) {
    rules.tls = site.context;
    rules.answer = [](std::string_view command) -> std::string {
      return command == "STARTTLS" ? "454 4.7.0 not now" : "";
    };
  }
  ScriptedServer server(rules);
  site.route(server, "encrypt");
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}
INSTANTIATE_TEST_SUITE_P(All, TlsDemanded,
                         testing::Values(Without::Offer, Without::Handshake, Without::Go));

TEST(ConnectorTls, VerifiesTheNameWhereThatIsDemanded) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "verify");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_TRUE(site.post.logs("/verified level=verify")) << site.post.log();
}

TEST(ConnectorTls, SendsNothingToAHostWithAnotherName) {
  Secured site;
  site.post.world.addresses["other.test"] = {*IpAddress::parse("127.0.0.1")};
  ScriptedServer server({.tls = site.context});
  site.route(server, "verify", "smtp", "other.test");
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(ConnectorTls, BeginsWithItOnSmtps) {
  Secured site;
  ScriptedServer server({.tls = site.context, .implicit_tls = true});
  site.route(server, "verify", "smtps");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(server.messages()[0].secure);
  EXPECT_EQ(server.count("STARTTLS"), 0u);
}

// RFC 8314 §3: TLS from the first byte, or nothing, whatever the level.
TEST(ConnectorTls, NeverFallsBackToClearOnSmtps) {
  Secured site;
  ScriptedServer server({});
  site.route(server, "opportunistic", "smtps");
  site.post.options.time.handshake = 1s;
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_EQ(server.count("EHLO"), 0u);
}

}  // namespace
}  // namespace outrider::deliver
