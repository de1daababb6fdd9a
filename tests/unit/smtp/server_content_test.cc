// Content as a ServerSession takes it: by BDAT (RFC 3030), and with the replies of LMTP (RFC 2033).
#include <gtest/gtest.h>

#include "support/dialogue.h"

namespace outrider::smtp {
namespace {

using test::by_byte;
using test::Dialogue;
using test::mx_options;
using test::whole;

TEST(ServerChunks, AreOneMessage) {
  for (const auto cut : {whole, by_byte, test::by_line}) {
    Dialogue client;
    client.open();
    const auto* chunks = "BDAT 6\r\nA: b\r\nBDAT 3\r\n\r\n.BDAT 2 last\r\n\r\n";
    EXPECT_EQ(client.codes(chunks, cut), "250 250 250");
    ASSERT_EQ(client.messages().size(), 1U);
    EXPECT_EQ(client.messages()[0].content, "A: b\r\n\r\n.\r\n");
  }
}

TEST(ServerChunks, DotsAreText) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("BDAT 8 LAST\r\n.\r\n..\r\n."), "250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, ".\r\n..\r\n.");
}

TEST(ServerChunks, AnEmptyLastChunkEndsTheMessage) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("BDAT 3\r\na\r\nBDAT 0 LAST\r\n"), "250 250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, "a\r\n");
}

TEST(ServerChunks, ACrlfMayStandAcrossTwoChunks) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("BDAT 2\r\na\rBDAT 2 LAST\r\n\nb"), "250 250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, "a\r\nb");
}

TEST(ServerChunks, ACrAtTheVeryEndIsABareOne) {
  Dialogue strict;
  strict.open();
  EXPECT_EQ(strict.codes("BDAT 2 LAST\r\na\r"), "550");
  auto options = mx_options();
  options.line_ends = LineEnds::Repair;
  Dialogue client(options);
  client.open();
  EXPECT_EQ(client.codes("BDAT 2 LAST\r\na\r"), "250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, "a\r\n");
}

// RFC 3030 §3.
TEST(ServerChunks, BinaryContentIsAnyBytesAndNeedsBdat) {
  Dialogue client;
  client.says("EHLO x.example\r\nMAIL FROM:<a@example.org> BODY=BINARYMIME\r\n");
  EXPECT_EQ(client.codes("RCPT TO:<b@example.net>\r\nDATA\r\n"), "250 503");
  const std::string bytes("a\nb\rc\0d", 7);
  EXPECT_EQ(client.codes("BDAT 7 LAST\r\n" + bytes, by_byte), "250");
  ASSERT_EQ(client.messages().size(), 1U);
  EXPECT_EQ(client.messages()[0].content, bytes);
}

// RFC 3030 §2: the octets of a refused chunk are not commands.
TEST(ServerChunks, ARefusedChunkIsReadAllTheSame) {
  for (const auto cut : {whole, by_byte}) {
    Dialogue client;
    client.says("EHLO x.example\r\n");
    EXPECT_EQ(client.codes("BDAT 25 LAST\r\nMAIL FROM:<x@example.org>NOOP\r\n", cut), "503 250");
    EXPECT_TRUE(client.senders().empty());
  }
}

TEST(ServerChunks, OnlyChunksAndRsetMayFollowAChunk) {
  Dialogue client;
  client.open();
  client.says("BDAT 3\r\na\r\n");
  EXPECT_EQ(client.codes("DATA\r\nRCPT TO:<c@example.net>\r\nMAIL FROM:<c@example.org>\r\n"),
            "503 503 503");
  EXPECT_EQ(client.codes("RSET\r\nBDAT 0 LAST\r\n"), "250 503");
  EXPECT_EQ(client.dropped(), 1U);
}

TEST(ServerChunks, ASizeThatCannotBeFollowedEndsTheSession) {
  for (const auto* size : {"", " x", " -1", " +1", " 0x10", " 18446744073709551616",
                           " 999999999999999999999", " 1 FOO", " 1  LAST", " 99999999999"}) {
    Dialogue client;
    client.open();
    const auto codes = client.codes("BDAT" + std::string(size) + "\r\nNOOP\r\n");
    EXPECT_TRUE(codes == "501" || codes == "552") << size << ": " << codes;
    EXPECT_TRUE(client.closed()) << size;
  }
}

TEST(ServerChunks, AreRefusedWhereTheyAreNotOffered) {
  auto options = mx_options();
  options.offer_chunking = false;
  Dialogue client(options);
  EXPECT_FALSE(client.says("EHLO x.example\r\n").contains("CHUNKING"));
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org> BODY=BINARYMIME\r\n"), "501");
  EXPECT_EQ(client.codes("BDAT 4\r\nNOOP\r\n"), "502");
  EXPECT_TRUE(client.closed());
}

ServerOptions lmtp_options() {
  auto options = mx_options();
  options.lmtp = true;
  return options;
}

// RFC 2033 §4.1.
TEST(ServerLmtp, SaysLhloAndNothingElse) {
  Dialogue client(lmtp_options());
  EXPECT_EQ(client.codes("EHLO x.example\r\nHELO x.example\r\nLHLO x.example\r\n"), "500 500 250");
  Dialogue smtp;
  EXPECT_EQ(smtp.codes("LHLO x.example\r\n"), "500");
}

// RFC 2033 §4.2.
TEST(ServerLmtp, EachRecipientHasItsReply) {
  Dialogue client(lmtp_options());
  client.open();
  client.says("RCPT TO:<c@example.net>\r\nRCPT TO:<d@example.net>\r\n");
  client.at_end = {replies::ok, replies::no_space, replies::ok};
  EXPECT_EQ(client.codes("DATA\r\n.\r\n"), "354 250 452 250");
  EXPECT_EQ(client.codes("RCPT TO:<c@example.net>\r\n"), "503");
  client.open();
  EXPECT_EQ(client.codes("BDAT 2 LAST\r\n\r\n"), "250");
}

TEST(ServerLmtp, EachRecipientHasItsReplyWhenTheSessionRefuses) {
  auto options = lmtp_options();
  options.limits.message_size = 10;
  Dialogue client(options);
  client.open();
  client.says("RCPT TO:<c@example.net>\r\n");
  EXPECT_EQ(client.codes("DATA\r\nlonger than ten\r\n.\r\n"), "354 552 552");
  client.open();
  client.says("RCPT TO:<c@example.net>\r\nRCPT TO:<d@example.net>\r\n");
  EXPECT_EQ(client.codes("DATA\r\na\nb\r\n.\r\n"), "354 550 550 550");
  EXPECT_TRUE(client.closed());
}

// RFC 2033 §4.2: no recipient, nothing to answer.
TEST(ServerLmtp, DataWithoutRecipientsIsRefused) {
  Dialogue client(lmtp_options());
  EXPECT_EQ(client.codes("LHLO x.example\r\nMAIL FROM:<a@example.org>\r\nDATA\r\n"), "250 250 503");
}

}  // namespace
}  // namespace outrider::smtp
