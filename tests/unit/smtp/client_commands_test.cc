#include "outrider/smtp/client_commands.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

TEST(ClientCommands, ReadTheExtensionsBehindTheServersName) {
  const auto offered = parse_extensions(Reply(250, "", "PIPELINING\nchunking\nSIZE 20\nSIZE 10"));
  EXPECT_FALSE(offered.pipelining);
  EXPECT_TRUE(offered.chunking);
  EXPECT_EQ(offered.max_size, 10u);
  EXPECT_EQ(offered.lines.size(), 3u);
}

TEST(ClientCommands, WriteXtextWhereOffered) {
  MailCommand mail;
  mail.envid = "a b+c=";
  std::string out;
  write_mail(mail, {.dsn = true}, out);
  EXPECT_EQ(out, "MAIL FROM:<> ENVID=a+20b+2Bc+3D\r\n");
}

TEST(ClientCommands, LeaveOutAnOrcptThatCannotBeWritten) {
  RcptCommand recipient{{"a", "example.net"}, {.never = true}, "rf c822;x"};
  std::string out;
  write_rcpt(recipient, {.dsn = true}, out);
  EXPECT_EQ(out, "RCPT TO:<a@example.net> NOTIFY=NEVER\r\n");
}

}  // namespace
}  // namespace outrider::smtp
