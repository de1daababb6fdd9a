#include "outrider/deliver/transaction.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ScriptedServer::Rules answering(std::string command, std::string answer) {
  ScriptedServer::Rules rules;
  rules.answer = [command, answer](std::string_view given) -> std::string {
    return given.starts_with(command) ? answer : "";
  };
  return rules;
}

struct Fate {
  std::string command, answer;
  std::string status, reply;  // in the log
};
void PrintTo(const Fate& fate, std::ostream* out) { *out << fate.command << " " << fate.answer; }
class EachStep : public testing::TestWithParam<Fate> {};

// RFC 5321 §4.2.1: what 4yz, 5yz and silence mean does not depend on the command they answer.
TEST_P(EachStep, EndsAsTheServerSays) {
  ScriptedServer server(answering(GetParam().command, GetParam().answer));
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  EXPECT_TRUE(post.logs("to=<anna@away.test> status=" + GetParam().status)) << post.log();
  EXPECT_TRUE(post.logs(GetParam().reply)) << post.log();
  EXPECT_EQ(post.lines("to=<anna@away.test> status=sent"), 0u) << post.log();
}
INSTANTIATE_TEST_SUITE_P(
    Transaction, EachStep,
    testing::Values(Fate{"MAIL", "450 4.7.1 greylisted", "deferred", "450 4.7.1 greylisted"},
                    Fate{"MAIL", "550 5.7.1 not from you", "bounced", "550 5.7.1 not from you"},
                    Fate{"MAIL", "421 4.3.2 going down", "deferred", "421 4.3.2 going down"},
                    Fate{"MAIL", "-", "deferred", "lost the connection"},
                    Fate{"RCPT", "450 4.2.1 busy", "deferred", "450 4.2.1 busy"},
                    Fate{"RCPT", "550 5.1.1 unknown", "bounced", "550 5.1.1 unknown"},
                    Fate{"RCPT", "421 4.3.2 going down", "deferred", "421 4.3.2 going down"},
                    Fate{"RCPT", "-", "deferred", "dsn=4.4.2"},
                    Fate{"DATA", "451 4.3.0 no", "deferred", "451 4.3.0 no"},
                    Fate{"DATA", "554 5.7.1 never", "bounced", "554 5.7.1 never"},
                    Fate{"DATA", "-", "deferred", "dsn=4.4.2"},
                    Fate{".", "451 4.3.0 no", "deferred", "451 4.3.0 no"},
                    Fate{".", "552 5.2.2 too much", "bounced", "552 5.2.2 too much"},
                    Fate{".", "421 4.3.2 going down", "deferred", "421 4.3.2 going down"},
                    Fate{".", "rubbish", "deferred", "dsn=4.4.2"},
                    Fate{".", "-", "deferred", "possible duplicate"}));

// RFC 1047: the server may have it; it is sent again, and the log says what that may mean.
TEST(Transaction, SaysWhereAMessageMayArriveTwice) {
  std::atomic<int> ends{0};
  ScriptedServer::Rules rules;
  rules.answer = [&](std::string_view command) -> std::string {
    return command == "." && ++ends == 1 ? "-" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(post.lines("possible duplicate"), 1u);
  EXPECT_EQ(ends, 2);
}

TEST(Transaction, SaysNothingOfDuplicatesWhereTheContentHadNoEnd) {
  ScriptedServer server(answering("DATA", "-"));
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("status=deferred"));
  EXPECT_EQ(post.lines("possible duplicate"), 0u);
}

// An idle server may leave at any time: that is no failure of the next message.
TEST(Transaction, GoesToANewConnectionWhereTheOldOneIsGone) {
  std::atomic<int> mails{0};
  ScriptedServer::Rules rules;
  rules.answer = [&](std::string_view command) -> std::string {
    return command.starts_with("MAIL") && ++mails == 2 ? "-" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty());
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty());
  EXPECT_EQ(server.connections, 2);
  EXPECT_EQ(server.messages().size(), 2u);
  EXPECT_EQ(post.lines("status=deferred"), 0u) << post.log();
}

TEST(Transaction, AsksAConnectionThatWasIdleWhetherItLives) {
  ScriptedServer server({});
  Post post;
  post.options.reuse.reset_after = 0s;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty());
  std::this_thread::sleep_for(5ms);
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty());
  EXPECT_EQ(server.connections, 1);
  EXPECT_GE(server.count("RSET"), 1u);
}

// RFC 9422 §2 and RFC 5321 §4.5.3.1.10.
TEST(Transaction, SendsMoreRecipientsThanTheServerTakesInSeveralTurns) {
  ScriptedServer::Rules rules;
  rules.extensions = {"PIPELINING", "LIMITS RCPTMAX=2"};
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put(
      envelope_to({"a@away.test", "b@away.test", "c@away.test", "d@away.test", "e@away.test"}));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 3u);
  EXPECT_EQ(post.lines("status=sent"), 5u);
  EXPECT_EQ(post.lines("status=deferred"), 0u) << post.log();
}

TEST(Transaction, SendsWhatWasTooManyForTheServerAtOnce) {
  std::atomic<int> rcpts{0};
  ScriptedServer::Rules rules;
  rules.answer = [&](std::string_view command) -> std::string {
    if (command.starts_with("MAIL")) rcpts = 0;
    return command.starts_with("RCPT") && ++rcpts > 1 ? "452 4.5.3 too many recipients" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put(envelope_to({"a@away.test", "b@away.test", "c@away.test"}));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 3u);
  EXPECT_EQ(post.lines("status=deferred"), 0u) << post.log();
}

TEST(Transaction, SplitsRecipientsAsTheOptionsSay) {
  ScriptedServer server({});
  Post post;
  post.options.recipients = 2;
  post.route("away.test", server.route());
  post.start();
  post.put(envelope_to({"a@away.test", "b@away.test", "c@away.test"}));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 2u);
  EXPECT_EQ(server.connections, 1);
}

// Five recipients in transactions of two.
void serve_five(Post& post, ScriptedServer& server) {
  post.options.recipients = 2;
  post.route("away.test", server.route());
  post.start();
  post.put(
      envelope_to({"a@away.test", "b@away.test", "c@away.test", "d@away.test", "e@away.test"}));
}

ScriptedServer::Rules second_mail_meets(std::string words) {
  ScriptedServer::Rules rules;
  rules.answer = [words, mails = std::make_shared<std::atomic<int>>()](std::string_view command) {
    return command.starts_with("MAIL") && ++*mails == 2 ? words : std::string();
  };
  return rules;
}

// Those that were served are not served again, whatever becomes of the rest.
TEST(Transaction, ARefusalInTheMiddleOfAClaimIsOfItsRecipientsAlone) {
  ScriptedServer server(second_mail_meets("450 4.3.2 later"));
  Post post;
  serve_five(post, server);
  for (const auto* each : {"c", "d"}) {
    ASSERT_TRUE(post.logs(fmt::format("to=<{}@away.test> status=deferred", each))) << post.log();
  }
  ASSERT_TRUE(post.is_empty()) << post.log();
  for (const auto* each : {"a", "b", "c", "d", "e"}) {
    EXPECT_EQ(post.lines(fmt::format("to=<{}@away.test> status=sent", each)), 1u) << post.log();
  }
  EXPECT_EQ(post.lines("status=deferred"), 2u) << post.log();
}

TEST(Transaction, AConnectionThatEndsWithinAClaimIsReplacedForTheRest) {
  ScriptedServer server(second_mail_meets("421 4.3.2 enough"));
  Post post;
  serve_five(post, server);
  ASSERT_TRUE(post.is_empty()) << post.log();
  for (const auto* each : {"a", "b", "c", "d", "e"}) {
    EXPECT_EQ(post.lines(fmt::format("to=<{}@away.test> status=sent", each)), 1u) << post.log();
  }
  EXPECT_EQ(server.messages().size(), 3u);
  EXPECT_EQ(server.connections, 2);
}

class Sizes : public testing::TestWithParam<bool> {};

TEST_P(Sizes, ContentOfAnySizeArrivesAsItIs) {
  ScriptedServer::Rules rules;
  if (GetParam()) rules.extensions.push_back("CHUNKING");
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.options.concurrency.most = post.options.concurrency.first = 1;
  post.start();
  for (const std::size_t lines : {0, 1, 1000, 3000, 40000}) {
    std::string content = "Subject: size\r\n\r\n";
    for (std::size_t i = 0; i < lines; ++i) content += ".line " + std::to_string(i) + "\r\n";
    post.put(envelope_to({"anna@away.test"}), content);
    ASSERT_TRUE(post.is_empty()) << post.log();
    ASSERT_FALSE(server.messages().empty());
    EXPECT_TRUE(server.messages().back().content == content) << lines;
  }
  EXPECT_EQ(server.count("BDAT") > 0, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Transaction, Sizes, testing::Bool());

TEST(Transaction, SaysASmallMessageWithBdatInOneChunk) {
  ScriptedServer::Rules rules;
  rules.extensions.push_back("CHUNKING");
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty());
  const auto commands = server.commands();
  EXPECT_THAT(commands,
              testing::Contains("BDAT " + std::to_string(small_content.size()) + " LAST"));
}

// RFC 6152 §3: never mangled, returned.
TEST(Transaction, ReturnsEightBitMailThatTheNextHopCannotTake) {
  ScriptedServer::Rules rules;
  rules.extensions = {"PIPELINING"};
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  auto envelope = envelope_to({"anna@away.test"});
  envelope.body = mail::BodyType::EightBitMime;
  envelope.has_eight_bit = true;
  post.put(envelope, "Subject: x\r\n\r\n\xc3\xa4\r\n");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("dsn=5.6.3"));
  EXPECT_TRUE(server.messages().empty());
}

// RFC 6531 §3.4: who declares SMTPUTF8 without need can be relayed to a server without it.
TEST(Transaction, AsksForSmtputf8OnlyWhereItIsNeeded) {
  ScriptedServer::Rules rules;
  rules.extensions = {"PIPELINING", "8BITMIME"};
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  auto envelope = envelope_to({"anna@away.test"});
  envelope.smtputf8 = true;
  post.put(envelope);
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 1u);
  envelope.has_eight_bit = true;
  post.put(envelope, "Subject: \xc3\xa4\r\n\r\nbody\r\n");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(post.logs("dsn=5.6.7")) << post.log();
}

// More than the sockets hold: the server says no, and closes, while we are still writing.
TEST(Transaction, HearsARefusalWhileTheContentIsBeingSent) {
  ScriptedServer::Rules rules;
  rules.hangs_up_in_content = "552 5.3.4 too big";
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  std::string content = "Subject: x\r\n\r\n";
  while (content.size() < 30'000'000) content += std::string(900, 'x') + "\r\n";
  post.put(envelope_to({"anna@away.test"}), content);
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("status=bounced"));
  EXPECT_TRUE(post.logs("552 5.3.4 too big"));
}

ScriptedServer::Rules lmtp_rules() {
  ScriptedServer::Rules rules;
  rules.lmtp = true;
  rules.answer = [](std::string_view command) -> std::string {
    if (command.starts_with(". RCPT TO:<full@")) return "452 4.2.2 mailbox full";
    if (command.starts_with(". RCPT TO:<never@")) return "550 5.7.1 refused by a filter";
    return "";
  };
  return rules;
}

// RFC 2033 §4.2: one answer for each recipient after the content.
TEST(Lmtp, EachRecipientHasAnOutcomeOfItsOwn) {
  ScriptedServer server(lmtp_rules());
  Post post;
  post.route("away.test", "lmtp://127.0.0.1:" + std::to_string(server.port()));
  post.start();
  post.put(envelope_to({"anna@away.test", "full@away.test", "never@away.test"}));
  EXPECT_TRUE(post.logs("to=<anna@away.test> status=sent")) << post.log();
  EXPECT_TRUE(post.logs("to=<full@away.test> status=deferred"));
  EXPECT_TRUE(post.logs("to=<never@away.test> status=bounced"));
  EXPECT_EQ(server.count("LHLO"), 1u);
  ASSERT_FALSE(server.messages().empty());
  EXPECT_EQ(server.messages()[0].content, small_content) << "Return-Path is the server's to add";
  ASSERT_TRUE(comes_true([&] { return post.mailbox("sender").size() == 1; }));
}

TEST(Lmtp, IsSpokenOverAUnixSocket) {
  Post post;
  ScriptedServer server(lmtp_rules(), post.folder / "lmtp");
  post.route("away.test", "lmtp:unix:" + (post.folder / "lmtp"));
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(post.logs("relay=" + (post.folder / "lmtp")));
}

// RFC 8689 §4.4: a local socket is as safe as a Maildir, a port of a host is not.
TEST(Lmtp, RequireTlsGoesByALocalSocketAndByNoOther) {
  auto envelope = envelope_to({"anna@here.test", "bert@there.test"});
  envelope.require_tls = true;
  Post post;
  ScriptedServer here(lmtp_rules(), post.folder / "lmtp");
  ScriptedServer there(lmtp_rules());
  post.route("here.test", "lmtp:unix:" + (post.folder / "lmtp"));
  post.route("there.test", "lmtp://127.0.0.1:" + std::to_string(there.port()));
  post.start();
  post.put(std::move(envelope));
  EXPECT_TRUE(post.logs("to=<anna@here.test> status=sent")) << post.log();
  EXPECT_TRUE(post.logs("to=<bert@there.test> status=bounced")) << post.log();
  EXPECT_THAT(here.messages().at(0).mail, testing::Not(HasSubstr("REQUIRETLS")));
  EXPECT_EQ(there.count("MAIL"), 0u);
}

TEST(Lmtp, WaitsForASocketThatIsNotThere) {
  Post post;
  post.route("away.test", "lmtp:unix:" + (post.folder / "lmtp"));
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("status=deferred")) << post.log();
  ScriptedServer server(lmtp_rules(), post.folder / "lmtp");
  EXPECT_TRUE(post.is_empty()) << post.log();
}

}  // namespace
}  // namespace outrider::deliver
