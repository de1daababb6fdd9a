#include "outrider/deliver/deliverer.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

TEST(Deliverer, DeliversAMessageAsItIs) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.start();
  const auto id = post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  const auto messages = server.messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].mail, "MAIL FROM:<sender@home.test>");
  EXPECT_EQ(messages[0].rcpts, std::vector<std::string>{"RCPT TO:<anna@away.test>"});
  EXPECT_EQ(messages[0].content, small_content);
  const std::string log = post.log();
  EXPECT_THAT(log, HasSubstr("delivery id=" + id.text() + " from=<sender@home.test> "
                             "to=<anna@away.test> status=sent relay=127.0.0.1[127.0.0.1]:" +
                             std::to_string(server.port())));
  EXPECT_THAT(log, HasSubstr("attempts=1 dsn=2.0.0 tls=none level=opportunistic "
                             "reply=\"250 2.0.0 taken\""));
}

TEST(Deliverer, UsesAConnectionAgain) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.options.concurrency.first = post.options.concurrency.most = 1;
  post.start();
  for (int i = 0; i < 20; ++i) post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 20u);
  EXPECT_EQ(server.connections, 1);
  EXPECT_EQ(server.count("RSET"), 0u);
}

TEST(Deliverer, SaysQuitOnAConnectionThatWaitedTooLong) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.options.reuse.idle = 1s;
  post.start();
  post.put_to("anna@away.test");
  EXPECT_TRUE(comes_true([&] { return server.count("QUIT") == 1; }));
  EXPECT_TRUE(comes_true([&] { return post.deliverer->counts().idle == 0; }));
}

TEST(Deliverer, OpensNoMoreConnectionsThanTheDestinationMayHave) {
  ScriptedServer::Rules rules;
  rules.delay = 5ms;
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.options.concurrency.first = 2;
  post.options.concurrency.most = 4;
  post.start();
  for (int i = 0; i < 60; ++i) post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 60u);
  EXPECT_LE(server.most_open, 4);
  EXPECT_GE(server.most_open, 2);
}

TEST(Deliverer, ASlowDestinationDelaysNoOther) {
  ScriptedServer::Rules silent;
  silent.greeting = "~";
  ScriptedServer slow(silent);
  ScriptedServer quick({});
  Post post;
  post.route("slow.test", slow.route());
  post.route("quick.test", quick.route());
  post.start();
  for (int i = 0; i < 10; ++i) post.put_to("a@slow.test");
  ASSERT_TRUE(comes_true([&] { return slow.connections >= 5; }));
  for (int i = 0; i < 10; ++i) post.put_to("a@quick.test");
  EXPECT_TRUE(comes_true([&] { return quick.messages().size() == 10; })) << post.log();
  post.stop(0s);
}

TEST(Deliverer, SharesTheTotalAmongDestinations) {
  ScriptedServer::Rules rules;
  rules.delay = 5ms;
  ScriptedServer one(rules);
  ScriptedServer other(rules);
  Post post;
  post.route("one.test", one.route());
  post.route("other.test", other.route());
  post.options.concurrency.total = 1;
  post.start();
  for (int i = 0; i < 10; ++i) {
    post.put_to("a@one.test");
    post.put_to("a@other.test");
  }
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(one.messages().size() + other.messages().size(), 20u);
  EXPECT_EQ(one.most_open, 1);
}

TEST(Deliverer, ReturnsWhatIsRefusedForGood) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("RCPT TO:<gone@") ? "550 5.1.1 no such person" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put(envelope_to({"gone@away.test", "anna@away.test"}));
  ASSERT_TRUE(post.is_empty()) << post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_EQ(server.messages()[0].rcpts.size(), 1u);
  const auto notices = post.mailbox("sender");
  ASSERT_EQ(notices.size(), 1u) << post.log();
  EXPECT_THAT(notices[0], HasSubstr("Return-Path: <>\n"));
  EXPECT_THAT(notices[0], HasSubstr("Final-Recipient: rfc822; gone@away.test\n"));
  EXPECT_THAT(notices[0], HasSubstr("Status: 5.1.1\n"));
  EXPECT_THAT(notices[0], HasSubstr("550 5.1.1 no such person"));
  EXPECT_THAT(notices[0], HasSubstr("Subject: hello\n"));
  EXPECT_EQ(notices[0].find("anna@away.test"), std::string::npos);
  EXPECT_EQ(post.lines("status=bounced"), 1u);
}

TEST(Deliverer, TriesLaterWhatIsRefusedForNow) {
  std::atomic<int> tries{0};
  ScriptedServer::Rules rules;
  rules.answer = [&](std::string_view command) -> std::string {
    return command.starts_with("RCPT") && ++tries == 1 ? "450 4.2.1 busy" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(post.logs("status=deferred"));
  EXPECT_TRUE(post.logs("reply=\"450 4.2.1 busy\""));
  EXPECT_TRUE(post.logs("attempts=2"));
}

TEST(Deliverer, GivesUpWithTheLastWords) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("RCPT") ? "450 4.2.1 busy" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.retry.lifetime = 1ms;
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("status=expired"));
  const auto notices = post.mailbox("sender");
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_THAT(notices[0], HasSubstr("Status: 5.4.7\n"));
  EXPECT_THAT(notices[0], HasSubstr("450 4.2.1 busy"));
}

TEST(Deliverer, TellsTheSenderOnceThatAMessageIsLate) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("RCPT") ? "450 4.2.1 busy" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.retry.delay_notice = 1ms;
  post.retry.first = 50ms;
  post.options.notices.lifetime = 120h;
  post.start();
  auto envelope = envelope_to({"anna@away.test"});
  envelope.arrived = now() - 1h;
  post.put(envelope);
  ASSERT_TRUE(post.logs("attempts=3")) << post.log();
  const auto notices = post.mailbox("sender");
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_THAT(notices[0], HasSubstr("Action: delayed\n"));
  EXPECT_THAT(notices[0], HasSubstr("Will-Retry-Until: "));
  ASSERT_EQ(post.items().size(), 1u);
}

TEST(Deliverer, CausesNoNoticeAboutANotice) {
  Post post;
  post.route("away.test", "error:550 5.7.1 not here");
  post.start();
  post.put(envelope_to({"anna@away.test"}, ""));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("double bounce"));
  EXPECT_TRUE(post.logs("action=dropped"));
}

TEST(Deliverer, GivesADoubleBounceToThePostmasterOnce) {
  Post post;
  post.route("away.test", "error:550 5.7.1 not here");
  post.options.notices.postmaster = address("postmaster@home.test");
  post.start();
  post.put(envelope_to({"anna@away.test"}, ""));
  ASSERT_TRUE(post.is_empty()) << post.log();
  ASSERT_EQ(post.mailbox("postmaster").size(), 1u);
  EXPECT_THAT(post.mailbox("postmaster")[0], HasSubstr("550 5.7.1 not here"));
}

TEST(Deliverer, DropsADoubleBounceOfThePostmaster) {
  Post post;
  post.route("away.test", "error:550 5.7.1 not here");
  post.options.notices.postmaster = address("postmaster@away.test");
  post.start();
  post.put(envelope_to({"anna@away.test"}, ""));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(post.lines("action=postmaster"), 1u);
  EXPECT_EQ(post.lines("action=dropped"), 1u);
}

TEST(Deliverer, DiscardsWhereARouteSaysSo) {
  Post post;
  post.route("void.test", "discard");
  post.start();
  post.put_to("anna@void.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("relay=discard"));
  EXPECT_TRUE(post.mailbox("sender").empty());
}

// RFC 3461 §5.2.2: the next hop knows nothing of DSN, so we tell.
TEST(Deliverer, TellsOfSuccessWhereTheNextHopCannot) {
  ScriptedServer::Rules rules;
  rules.extensions = {"PIPELINING"};
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  auto envelope = envelope_to({"anna@away.test"});
  envelope.recipients[0].notify = mail::notify_success;
  post.put(envelope);
  ASSERT_TRUE(post.is_empty()) << post.log();
  ASSERT_EQ(post.mailbox("sender").size(), 1u);
  EXPECT_THAT(post.mailbox("sender")[0], HasSubstr("Action: relayed\n"));
}

TEST(Deliverer, LeavesTheNewsOfSuccessToANextHopWithDsn) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.start();
  auto envelope = envelope_to({"anna@away.test"});
  envelope.recipients[0].notify = mail::notify_success;
  envelope.recipients[0].orcpt = "rfc822;anna@first.test";
  envelope.envid = "envelope-1";
  post.put(envelope);
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.mailbox("sender").empty());
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_EQ(server.messages()[0].mail, "MAIL FROM:<sender@home.test> ENVID=envelope-1");
  EXPECT_EQ(server.messages()[0].rcpts[0],
            "RCPT TO:<anna@away.test> NOTIFY=SUCCESS ORCPT=rfc822;anna@first.test");
  EXPECT_TRUE(post.logs("orcpt=rfc822;anna@first.test"));
}

TEST(Deliverer, DrainsAndLeavesNothingBehind) {
  ScriptedServer::Rules rules;
  rules.delay = 200ms;
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(comes_true([&] { return server.count("DATA") == 1; }));
  post.deliverer->stop(5s);
  EXPECT_EQ(server.messages().size(), 1u);
  EXPECT_EQ(post.deliverer->counts().running, 0u);
  EXPECT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.count("QUIT"), 1u);
}

TEST(Deliverer, KeepsWhatAStopCutsOff) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("DATA") ? "~" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(comes_true([&] { return server.count("DATA") == 1; }));
  post.deliverer->stop(50ms);
  EXPECT_EQ(post.deliverer->counts().running, 0u);
  const auto items = post.items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].attempts, 0u) << "a stop is no failure of the next hop";
}

TEST(Deliverer, TakesNewRoutesForWhatBeginsLater) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", "error:450 4.7.0 not today");
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("450 4.7.0 not today"));
  auto routes = std::make_shared<Routes>();
  ASSERT_TRUE(routes->add("away.test", *parse_route(server.route())));
  post.reload(routes);
  post.put_to("bert@away.test");
  EXPECT_TRUE(comes_true([&] { return server.messages().size() == 1; })) << post.log();
}

}  // namespace
}  // namespace outrider::deliver
