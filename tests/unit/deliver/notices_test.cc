#include "outrider/deliver/notices.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

TEST(Notices, S5_ReturnsWhatIsRefusedForGood) {
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

TEST(Notices, TellsTheSenderOnceThatAMessageIsLate) {
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

TEST(Notices, S5_CausesNoNoticeAboutANotice) {
  Post post;
  post.route("away.test", "error:550 5.7.1 not here");
  post.start();
  post.put(envelope_to({"anna@away.test"}, ""));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("double bounce"));
  EXPECT_TRUE(post.logs("action=dropped"));
}

TEST(Notices, GivesADoubleBounceToThePostmasterOnce) {
  Post post;
  post.route("away.test", "error:550 5.7.1 not here");
  post.options.notices.postmaster = address("postmaster@home.test");
  post.start();
  post.put(envelope_to({"anna@away.test"}, ""));
  ASSERT_TRUE(post.is_empty()) << post.log();
  ASSERT_EQ(post.mailbox("postmaster").size(), 1u);
  EXPECT_THAT(post.mailbox("postmaster")[0], HasSubstr("550 5.7.1 not here"));
}

TEST(Notices, DropsADoubleBounceOfThePostmaster) {
  Post post;
  post.route("away.test", "error:550 5.7.1 not here");
  post.options.notices.postmaster = address("postmaster@away.test");
  post.start();
  post.put(envelope_to({"anna@away.test"}, ""));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(post.lines("action=postmaster"), 1u);
  EXPECT_EQ(post.lines("action=dropped"), 1u);
}

// RFC 3461 §5.2.2: the next hop knows nothing of DSN, so we tell.
TEST(Notices, TellsOfSuccessWhereTheNextHopCannot) {
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

TEST(Notices, LeavesTheNewsOfSuccessToANextHopWithDsn) {
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

}  // namespace
}  // namespace outrider::deliver
