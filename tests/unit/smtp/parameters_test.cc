#include "outrider/smtp/parameters.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

constexpr Offered all{.extended = true, .smtputf8 = true, .chunking = true};

int mail_code(std::string_view parameters, const Offered& offered = all) {
  const auto mail = parse_mail("FROM:<a@example.org>" + std::string(parameters), offered);
  return mail ? 250 : mail.error().code;
}

int rcpt_code(std::string_view parameters, bool smtputf8 = false) {
  const auto rcpt = parse_rcpt("TO:<b@example.net>" + std::string(parameters), all, smtputf8);
  return rcpt ? 250 : rcpt.error().code;
}

TEST(Parameters, OfMailAreRead) {
  const auto mail = parse_mail(
      "from:<a@example.org> size=77 Body=8bitmime SMTPUTF8 RET=hdrs ENVID=x+2By AUTH=<>", all);
  ASSERT_TRUE(mail);
  EXPECT_EQ(*mail, (MailCommand{.reverse_path = {"a", "example.org"},
                                .size = 77,
                                .body = Body::EightBitMime,
                                .smtputf8 = true,
                                .ret = Ret::Headers,
                                .envid = "x+y"}));
}

TEST(Parameters, OfRcptAreRead) {
  const auto rcpt =
      parse_rcpt("TO:<b@example.net> notify=success,Delay ORCPT=RFC822;b+20c@x", all, false);
  ASSERT_TRUE(rcpt);
  EXPECT_EQ(*rcpt, (RcptCommand{.forward_path = {"b", "example.net"},
                                .notify = {.success = true, .delay = true},
                                .orcpt = "rfc822;b c@x"}));
}

// RFC 5321 §4.1.1.11.
TEST(Parameters, ThatNobodyKnowsAreRefused) {
  EXPECT_EQ(mail_code(" FOO=bar"), 555);
  EXPECT_EQ(mail_code(" MT-PRIORITY=3"), 555);
  EXPECT_EQ(mail_code(" NOTIFY=NEVER"), 555);
  EXPECT_EQ(rcpt_code(" SIZE=1"), 555);
  EXPECT_EQ(mail_code(" FOO"), 555);
}

TEST(Parameters, AreForThoseWhoSaidEhlo) {
  EXPECT_EQ(mail_code(" SIZE=1", {}), 555);
  EXPECT_EQ(mail_code("", {}), 250);
}

TEST(Parameters, ComeOnce) {
  EXPECT_EQ(mail_code(" SIZE=1 size=1"), 501);
  EXPECT_EQ(mail_code(" SMTPUTF8 SMTPUTF8"), 501);
  EXPECT_EQ(rcpt_code(" NOTIFY=DELAY NOTIFY=DELAY"), 501);
}

TEST(Parameters, StandBehindASpace) {
  EXPECT_EQ(mail_code("SIZE=1"), 501);
  EXPECT_EQ(mail_code("\tSIZE=1"), 501);
  EXPECT_EQ(mail_code("  SIZE=1 "), 250);
}

// RFC 1870 §6.
TEST(Parameters, SizeIsANumber) {
  for (const auto* good : {"0", "1", "00000000000000000001", "99999999999999999999"}) {
    EXPECT_EQ(mail_code(" SIZE=" + std::string(good)), 250) << good;
  }
  for (const auto* bad : {"", "-1", "+1", "0x1", "1.5", "1 2", "999999999999999999999"}) {
    EXPECT_NE(mail_code(" SIZE=" + std::string(bad)), 250) << bad;
  }
  EXPECT_EQ(parse_mail("FROM:<> SIZE=99999999999999999999", all)->size, UINT64_MAX);
}

TEST(Parameters, BodyIsOneOfThree) {
  EXPECT_EQ(mail_code(" BODY=7BIT"), 250);
  EXPECT_EQ(mail_code(" BODY=BINARYMIME"), 250);
  EXPECT_EQ(mail_code(" BODY=BINARYMIME", {.extended = true}), 501);
  EXPECT_EQ(mail_code(" BODY=9BIT"), 501);
  EXPECT_EQ(mail_code(" BODY"), 501);
}

// RFC 6531 §3.4 and §3.5.
TEST(Parameters, Smtputf8AllowsThePathBeforeIt) {
  const auto mail = parse_mail("FROM:<jos\xc3\xa9@b\xc3\xbc.example> SMTPUTF8", all);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->reverse_path.local_part, "jos\xc3\xa9");
  EXPECT_EQ(mail->reverse_path.domain, "xn--b-eha.example");
  EXPECT_EQ(parse_mail("FROM:<jos\xc3\xa9@example.org>", all).error().code, 553);
  EXPECT_EQ(parse_rcpt("TO:<jos\xc3\xa9@example.org>", all, false).error().code, 553);
  EXPECT_TRUE(parse_rcpt("TO:<jos\xc3\xa9@example.org>", all, true));
  EXPECT_EQ(mail_code(" SMTPUTF8", {.extended = true}), 555);
  EXPECT_EQ(mail_code(" SMTPUTF8=yes"), 501);
}

// RFC 8689 §2: inside TLS, where the server keeps to it.
TEST(Parameters, RequireTlsIsForThoseWhoAreOfferedIt) {
  const Offered offered{.extended = true, .require_tls = true};
  const auto mail = parse_mail("FROM:<a@example.org> requiretls", offered);
  ASSERT_TRUE(mail);
  EXPECT_TRUE(mail->require_tls);
  EXPECT_EQ(mail_code(" REQUIRETLS=yes", offered), 501);
  EXPECT_EQ(mail_code(" REQUIRETLS REQUIRETLS", offered), 501);
  EXPECT_EQ(mail_code(" REQUIRETLS"), 555);
}

// RFC 3461 §4.1.
TEST(Parameters, NotifyNeverStandsAlone) {
  EXPECT_EQ(rcpt_code(" NOTIFY=NEVER"), 250);
  EXPECT_EQ(rcpt_code(" NOTIFY=SUCCESS,FAILURE,DELAY"), 250);
  for (const auto* bad : {"NEVER,DELAY", "DELAY,NEVER", "", "DELAY,", ",DELAY", "DELAY,DELAY",
                          "SOMETIMES", "DELAY;FAILURE"}) {
    EXPECT_EQ(rcpt_code(" NOTIFY=" + std::string(bad)), 501) << bad;
  }
}

// RFC 3461 §4.2 to §4.4.
TEST(Parameters, OfNoticesAreJudged) {
  EXPECT_EQ(mail_code(" RET=ALL"), 501);
  EXPECT_EQ(mail_code(" ENVID="), 501);
  EXPECT_EQ(mail_code(" ENVID=" + std::string(100, 'x')), 250);
  EXPECT_EQ(mail_code(" ENVID=" + std::string(101, 'x')), 501);
  for (const auto* bad : {"", ";x", "rfc822", "rfc822;", "rfc+822;x", "rfc822;a+0Ab"}) {
    EXPECT_EQ(rcpt_code(" ORCPT=" + std::string(bad)), 501) << bad;
  }
}

// RFC 6533 §3.
TEST(Parameters, OrcptMayBeUtf8WhereItWasDeclared) {
  EXPECT_EQ(rcpt_code(" ORCPT=utf-8;jos\xc3\xa9@x", true), 250);
  EXPECT_EQ(rcpt_code(" ORCPT=utf-8;jos\xc3\xa9@x", false), 501);
  EXPECT_EQ(rcpt_code(" ORCPT=rfc822;jos\xc3\xa9@x", true), 501);
  EXPECT_EQ(rcpt_code(" ORCPT=utf-8;\xff@x", true), 501);
  EXPECT_EQ(rcpt_code(" ORCPT=utf-8;a\xc2\x85@x", true), 501);
}

}  // namespace
}  // namespace outrider::smtp
