// What the dialogues and the vectors leave: cuts, and what a listener lists.
#include <gtest/gtest.h>

#include "support/dialogue.h"

namespace outrider::smtp {
namespace {

using test::Dialogue;

TEST(ServerTls, H1_OnlyWhatCanBeNegotiatedIsListed) {
  auto options = test::draft_options();
  options.tls_tokens = {"TLS1.3"};
  Dialogue client(options);
  EXPECT_NE(client.says("EHLO c.example\r\n").find("TLS TLS1.3\r\n"), std::string::npos);
  EXPECT_EQ(client.codes("STARTTLS TLS1.2\r\n"), "504");
  EXPECT_EQ(client.codes("STARTTLS TLS1.3\r\n"), "220");
  EXPECT_EQ(client.tls_token(), "TLS1.3");
}

TEST(ServerTls, H4_AMessageMayGoInClearBehindThe220) {
  Dialogue client(test::draft_options());
  client.says("EHLO c.example\r\nSTARTTLS TLS1.3\r\n");
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"),
            "250 250 354");
  // Bytes of the content are no handshake, whatever they are.
  EXPECT_EQ(client.codes("\x16\xc3\xa4\r\n.\r\n"), "250");
  EXPECT_TRUE(client.session().awaits_tls());
}

TEST(ServerTls, H4_ALineIsGivenAtATimeUntilTlsIsThere) {
  Dialogue draft(test::draft_options());
  EXPECT_TRUE(draft.session().takes_lines());
  draft.says("EHLO c.example\r\nSTARTTLS TLS1.3\r\n");
  draft.tls();
  EXPECT_FALSE(draft.session().takes_lines());
  EXPECT_FALSE(Dialogue().session().takes_lines());
}

// RFC 3030 §2: what a refused BDAT announces is read, or it would be taken for commands.
TEST(ServerTls, R4_ARefusedChunkIsSkipped) {
  auto options = test::mx_options();
  options.require_tls = true;
  Dialogue client(options);
  client.says("EHLO c.example\r\n");
  EXPECT_EQ(client.codes("BDAT 6\r\nNOOP\r\nNOOP\r\n"), "530 250");
}

TEST(ServerTls, R4_InsideTlsNothingIsDemanded) {
  auto options = test::mx_options();
  options.require_tls = true;
  Dialogue client(options, true);
  EXPECT_EQ(client.codes("EHLO c.example\r\nMAIL FROM:<a@example.org>\r\n"), "250 250");
}

TEST(ServerTls, TheFirstByteTellsTlsFromCommands) {
  EXPECT_TRUE(is_tls_byte(0x16));
  EXPECT_TRUE(is_tls_byte(static_cast<char>(0x80)));
  for (const char c : std::string("EHLOehlo \r\n")) EXPECT_FALSE(is_tls_byte(c));
}

}  // namespace
}  // namespace outrider::smtp
