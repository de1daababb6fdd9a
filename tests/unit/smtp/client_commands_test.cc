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
  RcptCommand recipient{{"a", "example.net"}, {.never = true}, "rf c822;x", {}};
  std::string out;
  write_rcpt(recipient, {.dsn = true}, out);
  EXPECT_EQ(out, "RCPT TO:<a@example.net> NOTIFY=NEVER\r\n");
}

// RFC 8689 §4.2.1 and §5.
TEST(ClientCommands, RequireTlsIsPassedOnOrTheMessageIsNot) {
  Transaction transaction;
  transaction.mail.reverse_path = {"a", "example.org"};
  transaction.mail.require_tls = true;
  Extensions offered;
  const auto write = [&] {
    std::string out;
    write_mail(transaction.mail, manner_of(transaction, offered, true), out);
    return out;
  };
  const auto refused = refusal(transaction, offered, manner_of(transaction, offered, true));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->line(),
            "550 5.7.30 REQUIRETLS support required, and the next server has none");
  offered.require_tls = true;
  EXPECT_FALSE(refusal(transaction, offered, manner_of(transaction, offered, true)));
  EXPECT_EQ(write(), "MAIL FROM:<a@example.org> REQUIRETLS\r\n");
  offered.require_tls = false;
  transaction.mail.reverse_path = {};
  EXPECT_FALSE(refusal(transaction, offered, manner_of(transaction, offered, true)));
  EXPECT_EQ(write(), "MAIL FROM:<>\r\n") << "a notice";
  transaction.mail.require_tls = false;
  offered.require_tls = true;
  EXPECT_EQ(write(), "MAIL FROM:<>\r\n");
}

TEST(ClientCommands, S3_WritesTheSourceRouteWhereThePathHasRoom) {
  const auto mail = [](const std::string& route, const Address& from) {
    std::string out;
    MailCommand command;
    command.reverse_path = from;
    command.route = route;
    write_mail(command, {}, out);
    return out;
  };
  const Address joe{"joe", "one.example"};
  EXPECT_EQ(mail("@us.example,@two.example", joe),
            "MAIL FROM:<@us.example,@two.example:joe@one.example>\r\n");
  EXPECT_EQ(mail("@us.example", {}), "MAIL FROM:<>\r\n") << "permissible: RFC 788 §3.6";
  const std::string longest = "@" + std::string(256 - joe.path().size() - 2, 'a');
  EXPECT_EQ(mail(longest, joe).size(), 256u + 12) << "RFC 5321 §4.5.3.1.3";
  EXPECT_EQ(mail(longest + "a", joe), "MAIL FROM:<joe@one.example>\r\n");
  EXPECT_EQ(mail("@us\r\nRSET", joe), "MAIL FROM:<joe@one.example>\r\n");
  std::string out;
  write_rcpt({{"ann", "three.example"}, {}, {}, "@two.example"}, {}, out);
  EXPECT_EQ(out, "RCPT TO:<@two.example:ann@three.example>\r\n");
}

}  // namespace
}  // namespace outrider::smtp
