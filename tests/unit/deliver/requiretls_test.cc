// REQUIRETLS at a destination of two hosts, the first of which is not good enough: which hosts are
// tried, and whether the message waits or is returned. RFC 8689 §4.2.1.
#include <gmock/gmock.h>

#include <future>

#include "outrider/tls/tlsa_of.h"
#include "unit/deliver/secured.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

const std::vector<std::string> with_requiretls{"PIPELINING", "8BITMIME", "REQUIRETLS"};
const std::vector<std::string> without{"PIPELINING", "8BITMIME"};

mail::Envelope asking() {
  auto envelope = envelope_to({"anna@away.test"});
  envelope.require_tls = true;
  return envelope;
}

/// A signed world: mx1 at 127.0.0.3, mx2 at 127.0.0.2, on one port, with a certificate for both.
struct TwoHosts {
  explicit TwoHosts(ScriptedServer::Rules first_rules = {.extensions = without},
                    ScriptedServer::Rules second_rules = {.extensions = with_requiretls})
      : second(secured(std::move(second_rules)), "127.0.0.2:0"),
        first(secured(std::move(first_rules)), "127.0.0.3:" + port_of(second)) {
    tls::ClientOptions client;
    client.ca_file = ca.authority_file();
    post.tls = *tls::ClientContext::load(client);
    post.world.is_signed = true;
    post.world.mx_records["away.test"] = {{10, "mx1.away.test"}, {20, "mx2.away.test"}};
    addresses("mx1.away.test", {"127.0.0.3"});
    addresses("mx2.away.test", {"127.0.0.2"});
    post.options.tls = trust::Level::Opportunistic;
    post.options.dead.first = 10min;
    post.route("away.test", "smtp://away.test:" + port_of(second));
  }
  void addresses(const std::string& name, std::initializer_list<const char*> texts) {
    post.world.addresses[name].clear();
    for (const auto* text : texts) post.world.addresses[name].push_back(*IpAddress::parse(text));
  }
  ScriptedServer::Rules secured(ScriptedServer::Rules rules) {
    files = ca.issue(test::CertificateWish{.names = {"mx1.away.test", "mx2.away.test"}});
    tls::ServerOptions server;
    server.keys = {{files.certificate, files.key}};
    rules.tls = *tls::ServerContext::load(server);
    return rules;
  }
  void go(mail::Envelope envelope = asking()) {
    post.start();
    post.put(std::move(envelope));
  }
  test::TestCa ca;
  test::TestCa::Files files;  // of the first host
  ScriptedServer second, first;
  Post post;
};

TEST(RequireTls, GoesToTheHostThatOffersIt) {
  TwoHosts hosts;
  hosts.go();
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.first.count("MAIL"), 0u);
  ASSERT_EQ(hosts.second.messages().size(), 1u);
  EXPECT_THAT(hosts.second.messages()[0].mail, HasSubstr("REQUIRETLS"));
}

TEST(RequireTls, IsReturnedWhereEveryHostWasAsked) {
  TwoHosts hosts({.extensions = without}, {.extensions = without});
  hosts.go();
  EXPECT_TRUE(hosts.post.logs("status=bounced")) << hosts.post.log();
}

// The bound of one attempt is for addresses that do not answer.
TEST(RequireTls, AsksAHostAtOneOfItsAddresses) {
  TwoHosts hosts;
  hosts.addresses("mx1.away.test", {"127.0.0.3", "127.0.0.3", "127.0.0.3"});
  hosts.post.options.hosts = 2;
  hosts.go();
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.first.connections, 1);
  EXPECT_EQ(hosts.second.messages().size(), 1u);
}

TEST(RequireTls, WaitsWhereAHostWasNotTriedInTime) {
  TwoHosts hosts;
  hosts.post.options.hosts = 1;
  hosts.go();
  EXPECT_TRUE(hosts.post.logs("status=deferred")) << hosts.post.log();
  EXPECT_EQ(hosts.second.connections, 0);
}

TEST(RequireTls, WaitsWhereAHostCannotBeLookedUp) {
  TwoHosts hosts;
  hosts.post.world.broken = "mx2.away.test";
  hosts.go();
  EXPECT_TRUE(hosts.post.logs("status=deferred")) << hosts.post.log();
}

mail::Envelope usual() { return envelope_to({"anna@away.test"}); }

// By DANE both messages demand the same of the certificate.
TEST(RequireTls, LeavesAnOpenConnectionThatDoesNotOfferIt) {
  TwoHosts hosts;
  dns::TlsaAnswer answer;
  answer.status = dns::Status::Found;
  answer.secure = true;
  answer.records = {*tls::tlsa_of({hosts.files.certificate, hosts.files.key})};
  answer.ttl = 60s;
  hosts.post.world.tlsa_records["_" + port_of(hosts.first) + "._tcp.mx1.away.test"] = answer;
  hosts.go(usual());
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  ASSERT_EQ(hosts.first.messages().size(), 1u);
  hosts.post.put(asking());
  ASSERT_TRUE(hosts.post.is_empty()) << hosts.post.log();
  EXPECT_EQ(hosts.second.messages().size(), 1u) << hosts.post.log();
}

// RFC 8689 §4.2.1: others may go to that server meanwhile.
TEST(RequireTls, IsNoReasonToLeaveADestinationAlone) {
  TwoHosts hosts;
  hosts.post.world.broken = "mx2.away.test";
  hosts.post.retry.first = 10min;
  hosts.go();
  ASSERT_TRUE(hosts.post.logs("status=deferred")) << hosts.post.log();
  hosts.post.put(usual());
  EXPECT_TRUE(hosts.post.logs("status=sent", 5s)) << hosts.post.log();
  EXPECT_EQ(hosts.first.messages().size(), 1u);
}

// A stop comes between the hosts.
TEST(RequireTls, IsKeptByAStop) {
  std::promise<void> asked;
  std::atomic<int> hellos{0};
  ScriptedServer::Rules rules{.extensions = without};
  rules.answer = [&](std::string_view command) -> std::string {
    if (command.starts_with("EHLO") && ++hellos == 2) {
      asked.set_value();
      std::this_thread::sleep_for(200ms);  // until the stop has begun
    }
    return "";
  };
  TwoHosts hosts(rules);
  hosts.go();
  asked.get_future().wait();
  hosts.post.deliverer->stop(5s);
  EXPECT_EQ(hosts.post.queue->counts().messages, 1u) << hosts.post.log();
  EXPECT_EQ(hosts.post.lines("status=bounced"), 0u) << hosts.post.log();
}

}  // namespace
}  // namespace outrider::deliver
