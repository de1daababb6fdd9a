// What a ServerSession does when a client goes past a limit.
#include <gtest/gtest.h>

#include "support/dialogue.h"

namespace outrider::smtp {
namespace {

using test::Dialogue;
using test::mx_options;
using test::whole;

std::string repeated(std::string_view unit, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += unit;
  return text;
}

std::size_t count(std::string_view codes, std::string_view code) {
  std::size_t found = 0;
  for (auto at = codes.find(code); at != std::string_view::npos; at = codes.find(code, at + 1)) {
    ++found;
  }
  return found;
}

// RFC 5321 §4.5.3.1.4.
TEST(ServerLimits, S7_ALineOfExactlyTheLimitIsTaken) {
  for (const auto cut : {test::by_byte, whole}) {
    auto options = mx_options();
    options.limits.command_line = 512;
    const auto line = [](std::size_t size) {
      return "NOOP " + std::string(size - 7, 'a') + "\r\n";
    };
    Dialogue client(options);
    client.says("EHLO x.example\r\n");
    EXPECT_EQ(client.codes(line(512), cut), "250");
    EXPECT_EQ(client.codes(line(513), cut), "500");
    EXPECT_TRUE(client.closed());
  }
}

TEST(ServerLimits, ALineWithoutEndIsNotReadOn) {
  Dialogue client;
  client.says("EHLO x.example\r\n");
  EXPECT_EQ(client.codes(std::string(1 << 20, 'a')), "500");
  EXPECT_GT(client.unheard(), std::size_t{900 << 10});
}

TEST(ServerLimits, ErrorsEndTheSession) {
  auto options = mx_options();
  options.limits.errors = 3;
  Dialogue client(options);
  client.says("EHLO x.example\r\n");
  EXPECT_EQ(client.codes(repeated("XYZZY\r\n", 10)), "500 500 500 421");
  EXPECT_EQ(client.why_closed(), "too many errors");
}

TEST(ServerLimits, RefusalsOfTheProgramAreErrorsToo) {
  auto options = mx_options();
  options.limits.errors = 3;
  Dialogue client(options);
  client.on_recipient = [](const auto&) { return Reply(replies::unknown_user); };
  client.says("EHLO x.example\r\nMAIL FROM:<a@example.org>\r\n");
  EXPECT_EQ(client.codes(repeated("RCPT TO:<b@example.net>\r\n", 10), whole), "550 550 550 421");
}

TEST(ServerLimits, AnAcceptedMessageForgivesErrors) {
  auto options = mx_options();
  options.limits.errors = 3;
  Dialogue client(options);
  for (int i = 0; i < 4; ++i) {
    client.open();
    EXPECT_EQ(client.codes("XYZZY\r\nXYZZY\r\nDATA\r\n.\r\n"), "500 500 354 250");
  }
  EXPECT_EQ(client.messages().size(), 4U);
}

TEST(ServerLimits, IdleCommandsEndTheSession) {
  for (const auto* idle : {"NOOP\r\n", "MAIL FROM:<a@example.org>\r\nRSET\r\n", "VRFY a\r\n"}) {
    auto options = mx_options();
    options.limits.idle_commands = 10;
    Dialogue client(options);
    client.says("EHLO x.example\r\n");
    const auto codes = client.codes(repeated(idle, 20));
    EXPECT_TRUE(codes.ends_with(" 421")) << codes;
    EXPECT_EQ(client.why_closed(), "too many commands without a message");
  }
}

TEST(ServerLimits, AcceptedRecipientsAreNotIdleCommands) {
  auto options = mx_options();
  options.limits.idle_commands = 10;
  Dialogue client(options);
  client.open();
  EXPECT_EQ(count(client.codes(repeated("RCPT TO:<b@example.net>\r\n", 50)), "250"), 50U);
  EXPECT_EQ(client.codes("DATA\r\n.\r\n"), "354 250");
}

// RFC 5321 §4.5.3.1.10: those that were accepted get their mail.
TEST(ServerLimits, TooManyRecipientsLeaveTheOthersTheirMessage) {
  auto options = mx_options();
  options.limits.recipients = 100;
  Dialogue client(options);
  client.open();
  const auto codes = client.codes(repeated("RCPT TO:<b@example.net>\r\n", 150));
  EXPECT_EQ(count(codes, "250"), 99U);
  EXPECT_EQ(count(codes, "452"), 51U);
  EXPECT_EQ(client.codes("DATA\r\n.\r\n"), "354 250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].recipients.size(), 100U);
}

TEST(ServerLimits, RecipientsTooManyAreCountedForEachMessage) {
  auto options = mx_options();
  options.limits.recipients = 100;
  Dialogue client(options);
  client.says("EHLO x.example\r\n");
  for (int i = 0; i < 3; ++i) {
    client.says("MAIL FROM:<a@example.org>\r\n");
    EXPECT_EQ(count(client.codes(repeated("RCPT TO:<b@example.net>\r\n", 190)), "452"), 90U);
    EXPECT_EQ(client.codes("DATA\r\n.\r\n"), "354 250");
  }
  EXPECT_TRUE(client.refused().empty());
}

TEST(ServerLimits, RecipientsWithoutEndEndTheSession) {
  auto options = mx_options();
  options.limits.recipients = 100;
  Dialogue client(options);
  client.open();
  EXPECT_TRUE(client.codes(repeated("RCPT TO:<b@example.net>\r\n", 300)).ends_with("452 421"));
}

TEST(ServerLimits, MessagesOfAConnectionAreCounted) {
  auto options = mx_options();
  options.limits.transactions = 2;
  Dialogue client(options);
  for (int i = 0; i < 2; ++i) {
    client.open();
    client.says("DATA\r\n.\r\n");
  }
  EXPECT_EQ(client.messages().size(), 2U);
  EXPECT_EQ(client.says("MAIL FROM:<a@example.org>\r\n"),
            "452 4.5.3 too many messages in one connection\r\n");
}

// RFC 1870 §6.
TEST(ServerLimits, ADeclaredSizeIsJudgedBeforeTheContent) {
  Dialogue client;
  client.says("EHLO x.example\r\n");
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org> SIZE=52428801\r\n"), "552");
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org> SIZE=52428800\r\n"), "250");
}

ServerOptions small_messages() {
  auto options = mx_options();
  options.limits.message_size = 100;
  return options;
}

TEST(ServerLimits, AMessageOfExactlyTheLimitIsTaken) {
  Dialogue client(small_messages());
  client.open();
  EXPECT_EQ(client.codes("DATA\r\n" + std::string(98, 'x') + "\r\n.\r\n"), "354 250");
  client.open();
  EXPECT_EQ(client.codes("DATA\r\n" + std::string(99, 'x') + "\r\n.\r\n"), "354 552");
  EXPECT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.dropped(), 1U);
  EXPECT_FALSE(client.closed());
}

// Stuffed dots are not part of the message.
TEST(ServerLimits, S7_DotStuffingIsNotCounted) {
  Dialogue client(small_messages());
  client.open();
  EXPECT_EQ(client.codes("DATA\r\n" + repeated("..\r\n", 33) + ".\r\n"), "354 250");
}

TEST(ServerLimits, ContentWithoutEndIsCutOff) {
  for (const auto* line : {"xxxxxxxx\r\n", "bare line feeds\n", "\r\r", "\n"}) {
    Dialogue client(small_messages());
    client.open();
    EXPECT_EQ(client.codes("DATA\r\n" + repeated(line, 1000), test::by_byte), "354 552") << line;
    EXPECT_EQ(client.why_closed(), "message too large");
    EXPECT_GT(client.unheard(), 0U);
    EXPECT_EQ(client.dropped(), 1U);
  }
}

TEST(ServerLimits, ChunksAreCountedTogether) {
  Dialogue client(small_messages());
  client.open();
  const auto chunk = "BDAT 60\r\n" + std::string(60, 'x');
  EXPECT_EQ(client.codes(chunk + chunk + "BDAT 0 LAST\r\n"), "250 250 552");
  EXPECT_TRUE(client.messages().empty());
}

}  // namespace
}  // namespace outrider::smtp
