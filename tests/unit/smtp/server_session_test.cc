#include <gtest/gtest.h>

#include "support/dialogue.h"

namespace outrider::smtp {
namespace {

using test::by_byte;
using test::Dialogue;
using test::mx_options;
using test::whole;

constexpr std::string_view message = "Subject: hi\r\n\r\nhello\r\n.\r\n";
constexpr std::string_view content = "Subject: hi\r\n\r\nhello\r\n";

ServerOptions lmtp_options() {
  auto options = mx_options();
  options.lmtp = true;
  return options;
}

TEST(ServerSession, GreetsWithItsNameAndProtocol) {
  EXPECT_EQ(Dialogue().replies(), "220 mx.example ESMTP\r\n");
  EXPECT_EQ(Dialogue(lmtp_options()).replies(), "220 mx.example LMTP\r\n");
  auto options = mx_options();
  options.greeting = "no spam, please";
  EXPECT_EQ(Dialogue(options).replies(), "220 mx.example ESMTP no spam, please\r\n");
}

TEST(ServerSession, TakesAMessage) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("RCPT TO:<c@example.net>\r\nDATA\r\n"), "250 354");
  EXPECT_EQ(client.codes(message), "250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0],
            (Dialogue::Message{
                "<a@example.org>", {"<b@example.net>", "<c@example.net>"}, std::string(content)}));
  EXPECT_EQ(client.codes("QUIT\r\n"), "221");
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(client.dropped(), 0U);
}

// RFC 5321 §4.5.2.
TEST(ServerSession, UndoesDotStuffing) {
  Dialogue client;
  client.open();
  client.says("DATA\r\n..\r\n...\r\n.x\r\na.\r\n.\r\n", whole);
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, ".\r\n..\r\nx\r\na.\r\n");
}

TEST(ServerSession, AnEmptyMessageIsAMessage) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("DATA\r\n.\r\n"), "354 250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, "");
}

TEST(ServerSession, KeepsTheOrderOfCommands) {
  Dialogue client;
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\n"), "503");
  EXPECT_EQ(client.codes("EHLO x.example\r\nRCPT TO:<b@example.net>\r\n"), "250 503");
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\nDATA\r\n"), "250 503");
  EXPECT_EQ(client.codes("MAIL FROM:<c@example.org>\r\n"), "503");
  EXPECT_EQ(client.refused().size(), 4U);
}

TEST(ServerSession, ARefusedCommandChangesNothing) {
  Dialogue client;
  client.says("EHLO x.example\r\n");
  client.on_sender = [](const auto&) { return Reply(550, "5.7.1", "not you"); };
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n"), "550 503");
  client.on_sender = {};
  client.on_recipient = [](const auto&) { return Reply(replies::unknown_user); };
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"),
            "250 550 503");
  client.on_recipient = {};
  EXPECT_EQ(client.codes("RCPT TO:<b@example.net>\r\nDATA\r\n"), "250 354");
}

TEST(ServerSession, RsetForgetsTheTransactionOnly) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("RSET\r\nDATA\r\n"), "250 503");
  EXPECT_EQ(client.dropped(), 1U);
  EXPECT_EQ(client.codes("RSET\r\nMAIL FROM:<c@example.org>\r\n"), "250 250");
  EXPECT_EQ(client.dropped(), 1U);
}

TEST(ServerSession, EhloInATransactionForgetsIt) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("EHLO x.example\r\nDATA\r\n"), "250 503");
  EXPECT_EQ(client.dropped(), 1U);
}

TEST(ServerSession, AnAcceptedMessageEndsItsTransaction) {
  Dialogue client;
  client.open();
  client.says("DATA\r\n");
  client.says(message);
  EXPECT_EQ(client.codes("RCPT TO:<c@example.net>\r\n"), "503");
}

TEST(ServerSession, ARefusedMessageEndsItsTransactionToo) {
  Dialogue client;
  client.open();
  client.at_end = {Reply(replies::no_space)};
  EXPECT_EQ(client.codes("DATA\r\n" + std::string(message)), "354 452");
  EXPECT_EQ(client.codes("RCPT TO:<c@example.net>\r\n"), "503");
  EXPECT_TRUE(client.messages().empty());
}

// RFC 2920 §3.2: the replies to a batch leave together, in order.
TEST(ServerSession, AnswersABatchInOrderAndInOneOutput) {
  const auto options = mx_options();
  ServerSession session(options);
  session.output_sent();
  const std::string_view batch = "EHLO x.example\r\nNOOP\r\nVRFY a\r\nNONSENSE\r\n";
  batch.copy(session.prepare().data(), batch.size());
  session.received(batch.size());
  while (!std::holds_alternative<NeedInput>(session.next())) {
  }
  EXPECT_EQ(test::codes_of(session.output()), "250 250 252 500");
}

TEST(ServerSession, TakesAWholePipelineInOneRead) {
  Dialogue client;
  EXPECT_EQ(client.codes("EHLO x.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>"
                         "\r\nDATA\r\n" +
                             std::string(message) + "QUIT\r\n",
                         whole),
            "250 250 250 354 250 221");
  EXPECT_EQ(client.messages().size(), 1U);
}

TEST(ServerSession, NothingIsReadBehindQuit) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("QUIT\r\nDATA\r\nNOOP\r\n", whole), "221");
  EXPECT_EQ(client.dropped(), 1U);
  EXPECT_EQ(client.why_closed(), "QUIT");
}

TEST(ServerSession, OtherProtocolsAreSentAwayAtTheirFirstLine) {
  for (const auto* line : {"GET / HTTP/1.1\r\nHost: x\r\n", "\x16\x03\x01", "\x80.", "a1 LOGIN\r\n",
                           "SSH-2.0-x\r\n", " EHLO x\r\n"}) {
    Dialogue client;
    EXPECT_EQ(client.codes(line, whole), "521") << line;
    EXPECT_EQ(client.why_closed(), "another protocol");
  }
}

// RFC 5321 §2.3.8.
TEST(ServerSession, OnlyCrlfEndsACommand) {
  for (const auto line : {std::string_view("NOOP\nNOOP\r\n"), std::string_view("NOOP\rNOOP\r\n"),
                          std::string_view("NOOP \r\r\n"), std::string_view("NOOP \0\r\n", 8)}) {
    Dialogue client;
    EXPECT_EQ(client.codes(line), "500");
    EXPECT_TRUE(client.closed());
  }
}

TEST(ServerSession, ContentBehindARefusedDataIsNotRead) {
  Dialogue client;
  client.says("EHLO x.example\r\nMAIL FROM:<a@example.org>\r\n");
  EXPECT_EQ(client.codes("DATA\r\nSubject: x\r\nRCPT TO:<b@example.net>\r\n"), "503 521");
  EXPECT_TRUE(client.recipients().empty());
}

TEST(ServerSession, ABareLineEndInContentRefusesTheMessageAtItsRealEnd) {
  for (const auto* bad : {"a\nb", "a\rb", "a\n.\nMAIL FROM:<x@example.org>", "a\r\n.\r.\r\n"}) {
    Dialogue client;
    client.open();
    EXPECT_EQ(client.codes("DATA\r\n" + std::string(bad) + "\r\n.\r\nNOOP\r\n"), "354 550") << bad;
    EXPECT_TRUE(client.closed());
    EXPECT_TRUE(client.messages().empty());
    EXPECT_EQ(client.dropped(), 1U);
  }
}

TEST(ServerSession, BareLineEndsAreRepairedWhereTheListenerSaysSo) {
  auto options = mx_options();
  options.line_ends = LineEnds::Repair;
  Dialogue client(options);
  client.open();
  EXPECT_EQ(client.codes("DATA\r\na\nb\rc\n.\n\r\n.\r\n", by_byte), "354 250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, "a\r\nb\r\nc\r\n.\r\n\r\n");
}

TEST(ServerSession, ReportsWhatItRefusedAsPrintableText) {
  Dialogue client;
  client.says("EHLO x.example\r\nFOO\t\x01 bar\r\n");
  ASSERT_EQ(client.refused().size(), 1U);
  EXPECT_EQ(client.refused()[0], "FOO\\x09\\x01 bar");
}

TEST(ServerSession, ItsOwnerCanCloseIt) {
  Dialogue client;
  client.open();
  client.session().close(replies::shutting_down);
  EXPECT_TRUE(std::holds_alternative<Dropped>(client.session().next()));
  EXPECT_TRUE(std::holds_alternative<Close>(client.session().next()));
  EXPECT_EQ(client.session().output(), "421 4.3.2 server is shutting down\r\n");
}

// RFC 5321 §4.5.3.2.
TEST(ServerSession, IsPatientAsLongAsTheRfcAsks) {
  Dialogue client;
  EXPECT_GE(client.session().patience(), std::chrono::minutes(5));
  client.open();
  client.says("DATA\r\n");
  EXPECT_TRUE(client.session().waiting_for_body());
  EXPECT_GE(client.session().patience(), std::chrono::minutes(3));
}

}  // namespace
}  // namespace outrider::smtp
