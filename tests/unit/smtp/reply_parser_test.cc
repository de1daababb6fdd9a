#include "outrider/smtp/reply_parser.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

Reply parsed(std::string_view bytes) {
  ReplyParser parser(512, 4096);
  const auto taken = parser.read(bytes);
  EXPECT_TRUE(parser.complete()) << parser.why();
  EXPECT_EQ(taken, bytes.size());
  return parser.take();
}

std::string fault(std::string_view bytes) {
  ReplyParser parser(512, 4096);
  parser.read(bytes);
  EXPECT_FALSE(parser.complete()) << bytes;
  return parser.why();
}

TEST(ReplyParser, ReadsOneLine) { EXPECT_EQ(parsed("250 ok\r\n"), Reply(250, "", "ok")); }

TEST(ReplyParser, ReadsSeveralLines) {
  EXPECT_EQ(parsed("250-one\r\n250-two\r\n250 three\r\n"), Reply(250, "", "one\ntwo\nthree"));
}

TEST(ReplyParser, TakesACodeWithoutText) {
  EXPECT_EQ(parsed("250\r\n"), Reply(250, "", ""));
  EXPECT_EQ(parsed("250-a\r\n250\r\n"), Reply(250, "", "a\n"));
}

TEST(ReplyParser, SplitsTheEnhancedStatusCodeOff) {
  EXPECT_EQ(parsed("550 5.1.1 unknown\r\n"), Reply(550, "5.1.1", "unknown"));
  EXPECT_EQ(parsed("550 5.7.2\r\n"), Reply(550, "5.7.2", ""));
  EXPECT_EQ(parsed("550-5.1.1 no\r\n550 5.1.1 such user\r\n"),
            Reply(550, "5.1.1", "no\nsuch user"));
}

TEST(ReplyParser, LeavesAStatusOfAnotherClassInTheText) {
  EXPECT_EQ(parsed("550 2.0.0 x\r\n"), Reply(550, "", "2.0.0 x"));
  EXPECT_EQ(parsed("250 5.1.1 x\r\n"), Reply(250, "", "5.1.1 x"));
  EXPECT_EQ(parsed("550 5.9999.1 x\r\n"), Reply(550, "", "5.9999.1 x"));
  EXPECT_EQ(parsed("550 5.1 x\r\n"), Reply(550, "", "5.1 x"));
}

TEST(ReplyParser, WritesControlBytesAndBadUtf8AsHexadecimal) {
  EXPECT_EQ(parsed("550 \x1b]0;x\x07\r\n").text, "\\x1b]0;x\\x07");
  EXPECT_EQ(parsed("550 \xe9\xff\r\n").text, "\\xe9\\xff");
  EXPECT_EQ(parsed("550 \xc3\xa9\xe2\x80\xae\xc2\x9b\r\n").text,
            "\xc3\xa9\\xe2\\x80\\xae\\xc2\\x9b");
  EXPECT_EQ(parsed("550 \"quoted\\\"\r\n").text, "\"quoted\\\"");
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const std::string_view bytes :
       {"\r\n", "hello\r\n", "25 ok\r\n", "2500 ok\r\n", "2x0 ok\r\n", "000 x\r\n", "199 x\r\n",
        "600 x\r\n", "-50 x\r\n", "250\tok\r\n", "250_a\r\n", " 250 ok\r\n", "250 ok\n",
        "250-a\r\n\r\n250 b\r\n", "\x15\x03\x03", "HTTP/1.1 400\r\n", "250 a\rb\r\n"}) {
    EXPECT_NE(fault(bytes), "") << bytes;
  }
  EXPECT_EQ(fault(std::string_view("250 o\0k\r\n", 9)), "NUL in a reply");
}

TEST(ReplyParser, RefusesACodeThatChanges) {
  EXPECT_EQ(fault("250-a\r\n550 b\r\n"), "reply code changes from 250 to 550 within a reply");
  EXPECT_NE(fault("550-a\r\n250 b\r\n"), "");
}

TEST(ReplyParser, BoundsALineAndTheWhole) {
  EXPECT_EQ(fault("250 " + std::string(600, 'a')), "reply line longer than 512 bytes");
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "250-a\r\n";
  EXPECT_EQ(fault(lines), "reply longer than 4096 bytes");
}

TEST(ReplyParser, StopsBehindOneReply) {
  ReplyParser parser(512, 4096);
  const std::string_view two = "250 a\r\n354 b\r\n";
  EXPECT_EQ(parser.read(two), 7u);
  EXPECT_EQ(parser.read(two.substr(7)), 0u);
  EXPECT_EQ(parser.take().text, "a");
  EXPECT_EQ(parser.read(two.substr(7)), 7u);
  EXPECT_EQ(parser.take().code, 354);
}

TEST(ReplyParser, AnyCutGivesTheSame) {
  const std::string_view bytes = "550-5.1.1 a\xff\r\n550-5.1.1\r\n550 5.1.1 b\r\n";
  const auto whole = parsed(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyParser parser(512, 4096);
    parser.read(bytes.substr(0, cut));
    parser.read(bytes.substr(cut));
    ASSERT_TRUE(parser.complete()) << cut;
    EXPECT_EQ(parser.take(), whole) << cut;
  }
}

}  // namespace
}  // namespace outrider::smtp
