// Covers: mail/notice_text.cc, which work inside it.
#include "outrider/mail/notice.h"

#include <gtest/gtest.h>

#include <array>

#include "outrider/mail/header_scanner.h"

namespace outrider::mail {
namespace {

// The parts of a multipart message, each with its header, read as a mail program reads them.
std::vector<std::string> parts_of(std::string_view content) {
  const auto at = content.find("boundary=\"") + 10;
  const auto boundary = "\r\n--" + std::string(content.substr(at, content.find('"', at) - at));
  std::vector<std::string> parts;
  auto begin = content.find(boundary);
  while (begin != std::string_view::npos) {
    begin += boundary.size();
    if (content.substr(begin).starts_with("--")) return parts;
    const auto end = content.find(boundary, begin);
    parts.emplace_back(content.substr(begin + 2, end - begin - 2));
    begin = end;
  }
  return {};
}

std::string unfolded(std::string text) {
  for (auto at = text.find("\r\n "); at != std::string::npos; at = text.find("\r\n ")) {
    text.erase(at, 2);
  }
  return text;
}

struct NoticeTest : testing::Test {
  NoticeTest() {
    original.reverse_path = {"me", "example.org"};
    original.envid = "env+1";
    recipient.address = {"you", "example.net"};
    recipient.orcpt = "rfc822;you@old.example";
    recipient.status = RecipientStatus::Failed;
    recipient.reply = "550 5.1.1 no such user";
    recipient.remote = "mx.example.net[192.0.2.1]:25";
    facts.host = "mx.example.org";
    facts.id = "0123456789ABC";
    facts.header = "Subject: hello\r\nFrom: me@example.org\r\n";
  }
  Notice make(NoticeKind kind = NoticeKind::Failure) {
    auto notice = make_notice(kind, original, {&recipient}, facts);
    EXPECT_TRUE(notice);
    return *std::move(notice);
  }
  std::string machine(NoticeKind kind = NoticeKind::Failure) {
    const auto parts = parts_of(make(kind).content);
    EXPECT_EQ(parts.size(), 3u);
    return unfolded(parts.at(1));
  }
  Envelope original;
  Recipient recipient;
  NoticeFacts facts;
};

using NoticeOf = NoticeTest;

TEST_F(NoticeOf, S5_AFailureGoesToTheSenderWithANullReversePath) {
  const auto notice = make();
  EXPECT_TRUE(notice.envelope.reverse_path.is_null());
  ASSERT_EQ(notice.envelope.recipients.size(), 1u);
  EXPECT_EQ(notice.envelope.recipients[0].address, original.reverse_path);
  EXPECT_FALSE(notice.envelope.has_eight_bit);
  EXPECT_EQ(notice.envelope.size, notice.content.size());
  EXPECT_TRUE(
      notice.content.contains("From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"));
  EXPECT_TRUE(notice.content.contains("Auto-Submitted: auto-replied\r\n"));
}

TEST_F(NoticeOf, S5_AFailureTellsAPersonWhoSaidWhat) {
  const auto parts = parts_of(make().content);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_TRUE(parts[0].contains("<you@example.net>"));
  EXPECT_TRUE(parts[0].contains("mx.example.net[192.0.2.1]:25 said:"));
  EXPECT_TRUE(parts[0].contains("550 5.1.1 no such user"));
  EXPECT_TRUE(parts[0].contains("0123456789ABC"));
}

TEST_F(NoticeOf, AFailureTellsAProgramTheSame) {
  const auto part = machine();
  EXPECT_TRUE(
      part.starts_with("Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; "
                       "mx.example.org\r\nOriginal-Envelope-Id: env+1\r\nArrival-Date: "));
  EXPECT_TRUE(
      part.contains("\r\n\r\nOriginal-Recipient: rfc822; you@old.example\r\n"
                    "Final-Recipient: rfc822; you@example.net\r\nAction: failed\r\n"
                    "Status: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\n"
                    "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"))
      << part;
}

TEST_F(NoticeOf, AStatusOfTheWrongClassIsNotRepeated) {
  recipient.reply = "550 2.0.0 odd";
  EXPECT_TRUE(machine().contains("Status: 5.0.0\r\n"));
  recipient.reply = "451 4.7.1 try again";
  EXPECT_TRUE(machine().contains("Status: 5.4.7\r\n"));
  EXPECT_TRUE(machine(NoticeKind::Delay).contains("Status: 4.7.1\r\n"));
  recipient.reply = "550 5.999999.1 x";
  EXPECT_TRUE(machine().contains("Status: 5.0.0\r\n"));
}

TEST_F(NoticeOf, ADelaySaysUntilWhen) {
  facts.retry_until = Time(std::chrono::hours(1));
  const auto parts = parts_of(make(NoticeKind::Delay).content);
  EXPECT_TRUE(parts.at(0).contains("It will be tried until"));
  EXPECT_TRUE(parts.at(1).contains("Action: delayed\r\n"));
  EXPECT_TRUE(parts.at(1).contains("Will-Retry-Until: " + rfc5322_date(*facts.retry_until)));
}

TEST_F(NoticeOf, ASuccessSaysHow) {
  recipient.status = RecipientStatus::Relayed;
  recipient.reply = "250 2.0.0 ok";
  EXPECT_TRUE(machine(NoticeKind::Success).contains("Action: relayed\r\nStatus: 2.0.0\r\n"));
  recipient.status = RecipientStatus::Delivered;
  EXPECT_TRUE(machine(NoticeKind::Success).contains("Action: delivered\r\n"));
  recipient.status = RecipientStatus::Expanded;
  EXPECT_TRUE(machine(NoticeKind::Success).contains("Action: expanded\r\n"));
}

TEST_F(NoticeOf, TheMessageComesBackOnlyWhereItWasAskedFor) {
  facts.content = "Subject: hello\r\n\r\nthe body\r\n";
  EXPECT_FALSE(make().content.contains("the body"));
  original.ret = Return::Full;
  const auto parts = parts_of(make().content);
  EXPECT_EQ(parts.at(2), "Content-Type: message/rfc822\r\n\r\n" + std::string(facts.content));
  EXPECT_FALSE(make(NoticeKind::Delay).content.contains("the body"));
  facts.most_quoted = 5;
  EXPECT_TRUE(parts_of(make().content).at(2).starts_with("Content-Type: text/rfc822-headers\r\n"));
  EXPECT_FALSE(make().content.contains("the body"));
}

// RFC 8689 §5: protected as the message was, and without its content.
TEST_F(NoticeOf, WhatRequiredTlsRequiresItToo) {
  facts.content = "Subject: hello\r\n\r\nthe body\r\n";
  original.ret = Return::Full;
  EXPECT_FALSE(make().envelope.require_tls);
  original.require_tls = true;
  EXPECT_TRUE(make().envelope.require_tls);
  EXPECT_FALSE(make().content.contains("the body"));
}

TEST_F(NoticeOf, TheBoundaryStandsNowhereElse) {
  original.ret = Return::Full;
  const std::string content = "S: x\r\n\r\n--=_0_13_0\r\n--=_0_13_1--\r\n";
  facts.content = content;
  const auto parts = parts_of(make().content);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_TRUE(parts[2].ends_with(content));
}

TEST_F(NoticeOf, RemoteWordsMakeNoFieldAndNoPart) {
  recipient.reply = "550 5.1.1 a\r\nAction: delivered\n\r\n--x\x1b[2J\xff";
  recipient.orcpt = "rfc822;a\r\nStatus: 2.0.0";
  recipient.address.local_part = "a\r\nFinal-Recipient: z";
  original.envid = "e\r\nX: y";
  const auto notice = make();
  EXPECT_FALSE(has_eight_bit(notice.content));
  const auto part = unfolded(parts_of(notice.content).at(1));
  EXPECT_FALSE(part.contains("\r\nAction: delivered")) << part;
  EXPECT_FALSE(part.contains("\r\nStatus: 2.0.0")) << part;
  EXPECT_FALSE(part.contains("\r\nX: y")) << part;
  EXPECT_FALSE(part.contains('\x1b'));
}

TEST_F(NoticeOf, EveryLineEndsWithCrlfAndIsShort) {
  recipient.reply = "550 5.1.1 " + std::string(3000, 'x');
  const auto content = make().content;
  std::size_t start = 0;
  while (start < content.size()) {
    const auto end = content.find('\n', start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(content[end - 1], '\r');
    EXPECT_LE(end - start, 999u);
    start = end + 1;
  }
}

TEST_F(NoticeOf, InternationalMailGetsTheInternationalForm) {
  recipient.address.local_part = "\xc3\xa9";
  const auto notice = make();
  EXPECT_TRUE(notice.envelope.smtputf8 && notice.envelope.has_eight_bit);
  EXPECT_TRUE(notice.content.contains("report-type=global-delivery-status;"));
  const auto parts = parts_of(notice.content);
  EXPECT_TRUE(parts.at(1).starts_with("Content-Type: message/global-delivery-status\r\n"));
  EXPECT_TRUE(parts.at(1).contains("Final-Recipient: utf-8; \xc3\xa9@example.net\r\n"));
  EXPECT_TRUE(parts.at(2).starts_with("Content-Type: message/global-headers\r\n"));
}

TEST_F(NoticeOf, BinaryContentIsNotQuoted) {
  original.ret = Return::Full;
  facts.content = "S: x\r\n\r\na\nb\r\n";
  EXPECT_TRUE(parts_of(make().content).at(2).starts_with("Content-Type: text/rfc822-headers\r\n"));
}

TEST_F(NoticeOf, NothingIsSentToNobody) {
  EXPECT_FALSE(make_notice(NoticeKind::Failure, original, {}, facts));
  original.reverse_path = {};
  EXPECT_FALSE(make_notice(NoticeKind::Failure, original, {&recipient}, facts));
}

TEST(Wanted, FollowsNotify) {
  const Address sender{"me", "example.org"};
  Recipient recipient;
  recipient.status = RecipientStatus::Relayed;
  const auto says = [&](std::uint8_t notify) {
    recipient.notify = notify;
    return std::array{wanted(NoticeKind::Failure, sender, recipient),
                      wanted(NoticeKind::Delay, sender, recipient),
                      wanted(NoticeKind::Success, sender, recipient)};
  };
  EXPECT_EQ(says(0), (std::array{true, true, false}));
  EXPECT_EQ(says(notify_never), (std::array{false, false, false}));
  EXPECT_EQ(says(notify_failure), (std::array{true, false, false}));
  EXPECT_EQ(says(notify_delay), (std::array{false, true, false}));
  EXPECT_EQ(says(notify_success), (std::array{false, false, true}));
  EXPECT_FALSE(wanted(NoticeKind::Success, sender, recipient, true));
  recipient.notify = 0;
  EXPECT_FALSE(wanted(NoticeKind::Failure, {}, recipient));
}

}  // namespace
}  // namespace outrider::mail
