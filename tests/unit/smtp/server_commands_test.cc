// Single commands as a ServerSession serves them, and STARTTLS (RFC 3207).
#include <gtest/gtest.h>

#include "support/dialogue.h"

namespace outrider::smtp {
namespace {

using test::cut_at;
using test::Dialogue;
using test::mx_options;
using test::whole;

ServerOptions lmtp_options() {
  auto options = mx_options();
  options.lmtp = true;
  return options;
}

TEST(ServerCommands, EhloListsWhatIsServed) {
  Dialogue client;
  const auto reply = client.says("EHLO client.example\r\n");
  for (const auto* extension :
       {"250-mx.example\r\n", "PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN",
        "SIZE 52428800", "SMTPUTF8", "CHUNKING", "BINARYMIME", "LIMITS MAILMAX=1000 RCPTMAX=1000",
        "250 STARTTLS\r\n"}) {
    EXPECT_TRUE(reply.contains(extension)) << extension;
  }
  EXPECT_FALSE(reply.contains("AUTH"));
  EXPECT_EQ(client.session().helo(), "client.example");
  EXPECT_TRUE(client.session().extended());
}

// RFC 8689 §2.
TEST(ServerCommands, RequireTlsIsOfferedInsideTlsAlone) {
  auto options = mx_options();
  options.offer_require_tls = true;
  Dialogue clear(options);
  EXPECT_FALSE(clear.says("EHLO client.example\r\n").contains("REQUIRETLS"));
  EXPECT_EQ(clear.codes("MAIL FROM:<a@example.org> REQUIRETLS\r\n"), "555");
  Dialogue secure(options, true);
  EXPECT_TRUE(secure.says("EHLO client.example\r\n").contains("REQUIRETLS"));
  EXPECT_EQ(secure.codes("MAIL FROM:<a@example.org> REQUIRETLS\r\n"), "250");
  EXPECT_TRUE(secure.senders().at(0).require_tls);
  Dialogue plain(mx_options(), true);
  EXPECT_FALSE(plain.says("EHLO client.example\r\n").contains("REQUIRETLS"));
}

TEST(ServerCommands, S1_HeloListsNothingAndAllowsNoParameters) {
  Dialogue client;
  EXPECT_EQ(client.says("HELO client.example\r\n"), "250 mx.example\r\n");
  EXPECT_FALSE(client.session().extended());
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org> SIZE=1\r\n"), "555");
}

// RFC 5321 §4.1.4.
TEST(ServerCommands, AnEhloWithoutANameIsRefused) {
  Dialogue client;
  EXPECT_EQ(client.codes("EHLO\r\nHELO \r\nEHLO a b\r\n"), "501 501 501");
}

TEST(ServerCommands, S1_HelpNamesTheCommands) {
  Dialogue client;
  const auto reply = client.says("HELP\r\n");
  EXPECT_TRUE(reply.starts_with("214 2.0.0 commands: MAIL RCPT DATA BDAT EHLO HELO RSET")) << reply;
  EXPECT_FALSE(reply.contains("LHLO"));
  EXPECT_FALSE(reply.contains("AUTH"));
  EXPECT_TRUE(Dialogue(lmtp_options()).says("HELP\r\n").contains("LHLO"));
  EXPECT_TRUE(reply.contains("STARTTLS"));
  EXPECT_FALSE(Dialogue(test::mx_options(), true).says("HELP\r\n").contains("STARTTLS"));
  auto small = test::mx_options();
  small.offer_starttls = small.offer_chunking = false;
  EXPECT_FALSE(Dialogue(small).says("HELP\r\n").contains("STARTTLS"));
  EXPECT_FALSE(Dialogue(small).says("HELP\r\n").contains("BDAT"));
}

TEST(ServerCommands, S6_HelpExplainsACommandThatIsServed) {
  Dialogue client;
  EXPECT_EQ(client.says("HELP rcpt\r\n"), "214 2.0.0 RCPT TO:<forward-path> [parameters]\r\n");
  EXPECT_EQ(client.codes("HELP LHLO\r\nHELP EXPN\r\nHELP AUTH\r\nHELP \xff\r\n"),
            "504 504 504 501");
}

TEST(ServerCommands, S6_VrfyAndExpnAreAskedWhereTheyAreAnswered) {
  auto options = test::mx_options();
  options.answer_vrfy = options.answer_expn = true;
  Dialogue client(options);
  std::string asked;
  client.on_inquiry = [&](std::string_view text) {
    asked += std::string(text) + "|";
    return Reply(250, "2.1.5", "<a@example.org>\n<b@example.org>");
  };
  EXPECT_EQ(client.says("VRFY Smith\r\nEXPN <list@example.org>\r\n"),
            "250-2.1.5 <a@example.org>\r\n250 2.1.5 <b@example.org>\r\n"
            "250-2.1.5 <a@example.org>\r\n250 2.1.5 <b@example.org>\r\n");
  EXPECT_EQ(asked, "Smith|<list@example.org>|");
  EXPECT_TRUE(client.says("HELP\r\n").contains(" EXPN"));
}

// RFC 5321 §3.5.3, §7.3: who exists is told to nobody.
TEST(ServerCommands, S6_VrfyTellsNothing) {
  Dialogue client;
  EXPECT_EQ(client.says("VRFY root\r\n"), client.says("VRFY nosuchuser\r\n"));
  EXPECT_EQ(client.codes("EXPN staff\r\nVRFY\r\n"), "502 501");
}

TEST(ServerCommands, S1_VerbsInAnyCaseAndSpacesBehindThem) {
  Dialogue client;
  EXPECT_EQ(client.codes("ehlo x.example \r\nmAiL fRoM:<a@example.org>\r\nrset  \r\n"),
            "250 250 250");
}

TEST(ServerCommands, ArgumentsWhereNoneBelongAreRefused) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("RSET now\r\nDATA x\r\nSTARTTLS x\r\n"), "501 501 501");
}

// RFC 3207 §4.2.
TEST(ServerStartTls, ForgetsWhatWasLearnedBefore) {
  Dialogue client;
  client.says("EHLO before.example\r\n");
  EXPECT_EQ(client.says("STARTTLS\r\n"), "220 2.0.0 ready to start TLS\r\n");
  EXPECT_TRUE(client.handshaking());
  client.tls();
  EXPECT_EQ(client.session().helo(), "");
  EXPECT_TRUE(client.session().secure());
  EXPECT_EQ(client.codes("MAIL FROM:<a@example.org>\r\n"), "503");
  const auto reply = client.says("EHLO x.example\r\n");
  EXPECT_FALSE(reply.contains("STARTTLS"));
  EXPECT_EQ(client.codes("STARTTLS\r\n"), "503");
}

TEST(ServerStartTls, GreetsOnlyOnce) {
  Dialogue client;
  client.says("EHLO x.example\r\nSTARTTLS\r\n");
  const auto before = client.replies();
  client.tls();
  EXPECT_EQ(client.replies(), before);
}

// CVE-2011-0411.
TEST(ServerStartTls, BytesBehindItEndTheSession) {
  for (const auto* behind : {"EHLO evil.example\r\n", "N", "\r\n", "\x16\x03\x01"}) {
    Dialogue client;
    client.says("EHLO x.example\r\n");
    EXPECT_EQ(client.codes("STARTTLS\r\n" + std::string(behind), whole), "554");
    EXPECT_TRUE(client.closed());
  }
}

TEST(ServerStartTls, WhatComesAfterItIsForTheHandshake) {
  Dialogue client;
  client.says("EHLO x.example\r\n");
  EXPECT_EQ(client.codes("STARTTLS\r\nNOOP\r\n", cut_at(10)), "220");
  EXPECT_EQ(client.unheard(), 6U);
}

TEST(ServerStartTls, IsRefusedInATransaction) {
  Dialogue client;
  client.open();
  EXPECT_EQ(client.codes("STARTTLS\r\nDATA\r\n"), "503 354");
}

TEST(ServerStartTls, IsRefusedWhereThereIsNoCertificate) {
  auto options = mx_options();
  options.offer_starttls = false;
  Dialogue client(options);
  EXPECT_FALSE(client.says("EHLO x.example\r\n").contains("STARTTLS"));
  EXPECT_EQ(client.says("STARTTLS\r\n"), "454 4.7.0 TLS is not available\r\n");
  Dialogue unlucky;
  unlucky.tls_works = false;
  EXPECT_EQ(unlucky.codes("EHLO x.example\r\nSTARTTLS\r\nNOOP\r\n"), "250 454 250");
}

TEST(ServerStartTls, IsNotOfferedWhereTheConnectionBeganWithTls) {
  Dialogue client(mx_options(), true);
  EXPECT_FALSE(client.says("EHLO x.example\r\n").contains("STARTTLS"));
}

}  // namespace
}  // namespace outrider::smtp
