// L7, L9, R8: a host that had TLS and has it no more.
// Covers: deliver/connector_past.cc
#include <gmock/gmock.h>

#include "unit/deliver/secured.h"

namespace outrider::deliver {
namespace {

/// A host whose TLS has been seen once.
struct Known : Secured {
  explicit Known(std::string_view level = "opportunistic", ScriptedServer::Rules rules = {})
      : server(with_tls(std::move(rules))) {
    route(server, level);
    post.options.reuse.idle = 0s;
    post.options.dead.first = 50ms;
    post.options.dead.longest = 50ms;
    post.retry.first = 100ms;
    post.retry.longest = 100ms;
  }
  ScriptedServer::Rules with_tls(ScriptedServer::Rules rules) {
    if (!rules.tls) rules.tls = context;
    return rules;
  }
  void start() {
    send();
    ASSERT_TRUE(post.is_empty()) << post.log();
    ASSERT_TRUE(server.messages().at(0).secure);
  }
  /// Takes STARTTLS away, and sends.
  void lose() {
    server.offers_tls = false;
    post.put_to("anna@away.test");
  }
  std::string domain() const { return "smtp://[mx.away.test]:" + port_of(server); }
  void rule(policy::Ruling ruling) {
    EXPECT_TRUE(post.ledger->rule(domain(), ruling, "root", now()));
  }
  std::uint64_t alarms() const { return post.deliverer->counts().tls_alarms; }
  ScriptedServer server;
};

TEST(TlsGone, L7_R8_RaisesAnAlarmAndMailWaits) {
  Known site;
  site.start();
  site.lose();
  EXPECT_TRUE(site.post.logs("alarm=tls-gone host=mx.away.test:")) << site.post.log();
  EXPECT_TRUE(site.post.logs("domain=smtp://[mx.away.test]:")) << site.post.log();
  EXPECT_TRUE(site.post.logs("status=deferred"));
  EXPECT_TRUE(site.post.logs("dsn=4.7.5"));
  EXPECT_EQ(site.alarms(), 1u);
  EXPECT_EQ(site.server.messages().size(), 1u) << "nothing goes in clear";
}

TEST(TlsGone, L7_TellsItOnceAnHour) {
  Known site;
  site.start();
  site.lose();
  ASSERT_TRUE(comes_true([&] { return site.post.lines("status=deferred") >= 3; }));
  EXPECT_EQ(site.post.lines("alarm=tls-gone"), 1u);
  EXPECT_EQ(site.alarms(), 1u);
}

TEST(TlsGone, L7_MailGoesInTlsAsSoonAsItIsBack) {
  Known site;
  site.start();
  site.lose();
  ASSERT_TRUE(site.post.logs("status=deferred"));
  site.server.offers_tls = true;
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_TRUE(site.server.messages().at(1).secure);
}

TEST(TlsGone, L7_WaitsNoLongerThanIsSet) {
  Known site;
  site.post.options.tls_history.wait = 600ms;
  site.start();
  site.lose();
  ASSERT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_FALSE(site.server.messages().at(1).secure);
  EXPECT_EQ(site.post.lines("status=bounced"), 0u);
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty(2s)) << "the wait is counted from the alarm";
  EXPECT_EQ(site.alarms(), 1u);
}

TEST(TlsGone, L7_IsOnlyToldWithoutAWait) {
  Known site;
  site.post.options.tls_history.wait = Duration(0);
  site.start();
  site.lose();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(site.post.lines("alarm=tls-gone"), 1u);
  EXPECT_EQ(site.post.lines("status=deferred"), 0u);
}

// The queue's own lifetime, and the notice that would follow: neither comes of an alarm.
TEST(TlsGone, L7_NeverMakesABounce) {
  Known site;
  site.post.retry.lifetime = 1s;
  site.start();
  site.lose();
  ASSERT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(site.server.messages().size(), 2u) << "in clear, as the level allows";
  EXPECT_EQ(site.post.lines("status=expired"), 0u) << site.post.log();
  EXPECT_TRUE(site.post.mailbox("sender").empty());
}

// It was made while the operator let mail go in clear.
TEST(TlsGone, L7_AConnectionInClearEndsWithTheRulingThatAllowedIt) {
  Known site;
  site.post.options.reuse.idle = 1min;
  site.server.offers_tls = false;
  site.post.start();
  const std::string place = "mx.away.test:" + port_of(site.server);
  site.post.ledger->secured({place, site.domain(), now(), "", ""}, TlsFacts{});
  site.rule(policy::Ruling::PlaintextOnce);
  for (int i = 0; i < 2; ++i) {
    site.post.put_to("anna@away.test");
    ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  }
  ASSERT_EQ(site.post.deliverer->counts().connected, 1u);
  site.rule(policy::Ruling::Keep);
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_EQ(site.server.messages().size(), 2u);
}

// What waits for security alone has a lifetime of its own.
TEST(TlsGone, L7_MailWaitsBeyondTheUsualLifetime) {
  Known site;
  site.post.retry.lifetime = 300ms;
  site.post.retry.tls_lifetime = 1h;
  site.start();
  site.lose();
  ASSERT_TRUE(comes_true([&] { return site.post.lines("status=deferred") >= 8; }))
      << site.post.log();
  EXPECT_EQ(site.server.messages().size(), 1u);
}

TEST(TlsGone, L7_L9_AnOperatorsRulingReleasesItForGood) {
  Known site;
  site.post.options.dead.first = site.post.options.dead.longest = 10min;
  site.post.retry.first = site.post.retry.longest = 10min;
  site.start();
  site.lose();
  ASSERT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  site.rule(policy::Ruling::AcceptNew);
  site.post.apply(queue::Action::Retry);
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_FALSE(site.server.messages().at(1).secure);
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << "no alarm any more: " << site.post.log();
  EXPECT_EQ(site.alarms(), 1u);
}

// While the destination is left alone, and between two attempts where nothing holds it back.
TEST(TlsGone, L7_L9_AnOperatorsRetryTriesNowAndReleasesNothing) {
  for (const Duration pause : {Duration(10min), Duration(1ms)}) {
    Known site;
    site.post.options.dead.first = site.post.options.dead.longest = pause;
    site.post.retry.first = site.post.retry.longest = 10min;
    site.start();
    site.lose();
    ASSERT_TRUE(site.post.logs("status=deferred")) << site.post.log();
    std::this_thread::sleep_for(50ms);
    site.post.apply(queue::Action::Retry);
    EXPECT_TRUE(comes_true([&] { return site.post.lines("status=deferred") == 2; }));
    site.post.apply(queue::Action::Hold);
    ASSERT_TRUE(comes_true([&] { return site.post.queue->counts().held == 1; }));
    site.post.apply(queue::Action::Release);
    site.post.apply(queue::Action::Retry);
    EXPECT_TRUE(comes_true([&] { return site.post.lines("status=deferred") >= 3; }));
    EXPECT_EQ(site.server.messages().size(), 1u) << site.post.log();
    EXPECT_TRUE(site.post.ledger->domain(site.domain())->words.empty());
    site.server.offers_tls = true;
    site.post.apply(queue::Action::Retry);
    ASSERT_TRUE(site.post.is_empty()) << site.post.log();
    EXPECT_TRUE(site.server.messages().at(1).secure);
  }
}

// A message waits for two destinations, and one of them is released.
TEST(TlsGone, L7_L9_ARulingIsAboutItsDomainAlone) {
  Known site;
  site.post.options.dead.first = site.post.options.dead.longest = 10min;
  site.post.retry.first = site.post.retry.longest = 10min;
  ScriptedServer other({.tls = site.context});
  site.post.route("other.test", "smtp://[mx.away.test]:" + port_of(other) + "?tls=opportunistic");
  site.start();
  site.post.put_to("bert@other.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  site.server.offers_tls = other.offers_tls = false;
  site.post.put(envelope_to({"anna@away.test", "bert@other.test"}));
  ASSERT_TRUE(comes_true([&] { return site.post.lines("status=deferred") == 2; }));
  site.rule(policy::Ruling::PlaintextOnce);
  queue::Filter filter;
  filter.destination = "away.test";
  filter.for_tls = true;
  site.post.apply(queue::Action::Retry, filter);
  ASSERT_TRUE(comes_true([&] { return site.server.messages().size() == 2; })) << site.post.log();
  EXPECT_TRUE(comes_true([&] { return site.post.lines("status=deferred") == 3; }));
  EXPECT_EQ(other.messages().size(), 1u) << site.post.log();
  const auto known = site.post.ledger->domain("smtp://[mx.away.test]:" + port_of(other));
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->words.empty());
}

TEST(TlsGone, L9_WhatWasSeenLongAgoIsNoReasonToWait) {
  Known site;
  site.post.options.tls_history.memory = 1ms;
  site.start();
  std::this_thread::sleep_for(5ms);
  site.lose();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(site.alarms(), 0u);
}

TEST(TlsGone, L7_R8_AnswersOf454AndBrokenHandshakesCountToo) {
  auto refuses = std::make_shared<std::atomic<bool>>(false);
  ScriptedServer::Rules rules;
  rules.answer = [refuses](std::string_view command) -> std::string {
    return command == "STARTTLS" && *refuses ? "454 4.7.0 not now" : "";
  };
  Known refused("opportunistic", rules);
  refused.start();
  *refuses = true;
  refused.post.put_to("anna@away.test");
  EXPECT_TRUE(refused.post.logs("STARTTLS was refused: 454 4.7.0 not now")) << refused.post.log();
  EXPECT_TRUE(refused.post.logs("status=deferred"));
  EXPECT_EQ(refused.alarms(), 1u);

  Known broken;
  broken.start();
  broken.server.takes_tls = false;
  broken.post.put_to("anna@away.test");
  EXPECT_TRUE(broken.post.logs("status=deferred")) << broken.post.log();
  EXPECT_EQ(broken.alarms(), 1u);
  EXPECT_EQ(broken.server.messages().size(), 1u);
}

// Where TLS never worked there is nothing to miss.
TEST(TlsGone, L5_AHostWhoseTlsNeverWorkedIsNotWaitedFor) {
  Secured site;
  ScriptedServer server({.breaks_tls = true});
  site.route(server, "opportunistic");
  site.post.start();
  for (int i = 0; i < 2; ++i) {
    site.post.put_to("anna@away.test");
    ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  }
  EXPECT_EQ(site.post.deliverer->counts().tls_alarms, 0u);
}

TEST(TlsGone, L7_L8_WhereTlsIsDemandedItIsToldAndNothingElseChanges) {
  Known site("encrypt");
  site.post.options.tls_history.wait = Duration(0);
  site.post.retry.lifetime = 1s;
  site.start();
  site.lose();
  EXPECT_TRUE(site.post.logs("alarm=tls-gone")) << site.post.log();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_TRUE(site.post.logs("status=expired"));
  EXPECT_EQ(site.server.messages().size(), 1u);
}

TEST(TlsGone, L7_EachDomainOfAHostHasItsOwnAlarmAndWait) {
  Secured site;
  site.post.options.tls_history.wait = 1s;
  site.post.options.reuse.idle = 0s;
  ScriptedServer server({.tls = site.context});
  for (const std::string domain : {"one.test", "two.test"}) {
    site.post.world.mx_records[domain] = {{10, "mx.away.test"}};
    site.post.route(domain, "smtp://" + domain + ":" + port_of(server));
  }
  site.post.start();
  site.post.put_to("anna@one.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  server.offers_tls = false;
  for (const std::string domain : {"one.test", "two.test"}) {
    site.post.put_to("anna@" + domain);
    EXPECT_TRUE(site.post.logs("to=<anna@" + domain + "> status=deferred")) << site.post.log();
    ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  }
  EXPECT_EQ(site.post.lines("alarm=tls-gone"), 2u);
}

TEST(TlsGone, L7_AnotherHostOfTheDomainIsTriedFirst) {
  Secured site;
  ScriptedServer second({.tls = site.context}, "127.0.0.2:0");
  ScriptedServer first({.tls = site.context}, "127.0.0.3:" + port_of(second));
  site.post.world.mx_records["away.test"] = {{10, "mx1.away.test"}, {20, "mx2.away.test"}};
  site.post.world.addresses["mx1.away.test"] = {*IpAddress::parse("127.0.0.3")};
  site.post.world.addresses["mx2.away.test"] = {*IpAddress::parse("127.0.0.2")};
  site.post.route("away.test", "smtp://away.test:" + port_of(second));
  site.post.options.reuse.idle = 0s;
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(first.messages().size(), 1u);
  first.offers_tls = false;
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(first.messages().size(), 1u);
  ASSERT_EQ(second.messages().size(), 1u);
  EXPECT_TRUE(second.messages()[0].secure);
  EXPECT_EQ(site.post.deliverer->counts().tls_alarms, 1u);
}

}  // namespace
}  // namespace outrider::deliver
