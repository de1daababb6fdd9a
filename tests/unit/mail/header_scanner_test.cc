#include "outrider/mail/header_scanner.h"

#include <gtest/gtest.h>

#include <tuple>

namespace outrider::mail {
namespace {

constexpr std::string_view message =
    "Received: from a\r\n\tby b\r\nreceived: c\r\nFrom: me\r\nX-Long-Name-Beyond-Sixteen: x\r\n"
    "Date : now\r\nMessage-Id: <1@x>\r\n\r\nReceived: not one\r\nbody\r\n";

auto facts(const HeaderScanner& scanner) {
  return std::tuple(scanner.in_body(), scanner.size(), scanner.header_bytes(), scanner.fields(),
                    scanner.hops(), scanner.header_has_eight_bit(), scanner.body_has_eight_bit(),
                    scanner.has_message_id(), scanner.has_date(), scanner.has_from(),
                    scanner.header());
}

HeaderScanner scanned(std::string_view content, std::size_t keep = 1000) {
  HeaderScanner scanner(keep);
  scanner.scan(content);
  return scanner;
}

TEST(HeaderScanner, CountsFieldsAndHops) {
  const auto scanner = scanned(message);
  EXPECT_TRUE(scanner.in_body());
  EXPECT_EQ(scanner.fields(), 6u);
  EXPECT_EQ(scanner.hops(), 2u);
  EXPECT_EQ(scanner.header_bytes(), message.find("\r\n\r\n") + 4);
  EXPECT_EQ(scanner.size(), message.size());
  EXPECT_TRUE(scanner.has_from() && scanner.has_date() && scanner.has_message_id());
}

// RFC 8689 §3.
TEST(HeaderScanner, SeesThatTlsIsNotRequired) {
  const auto says = [](std::string_view header) {
    const std::string content = "From: a\r\n" + std::string(header) + "\r\n\r\nbody\r\n";
    const bool whole = scanned(content).tls_not_required();
    for (std::size_t cut = 0; cut <= content.size(); ++cut) {
      HeaderScanner scanner;
      scanner.scan(std::string_view(content).substr(0, cut));
      scanner.scan(std::string_view(content).substr(cut));
      EXPECT_EQ(scanner.tls_not_required(), whole) << cut;
    }
    return whole;
  };
  EXPECT_TRUE(says("TLS-Required: No"));
  EXPECT_TRUE(says("tls-required:no"));
  EXPECT_FALSE(says("TLS-Required: Yes"));
  EXPECT_FALSE(says("TLS-Required: No, thanks"));
  EXPECT_FALSE(says("TLS-Required: No                                          x"));
  EXPECT_FALSE(says("X-TLS-Required: No"));
  EXPECT_FALSE(says("\r\nTLS-Required: No")) << "in the body";
}

TEST(HeaderScanner, KeepsTheHeaderWithoutTheEmptyLine) {
  EXPECT_EQ(scanned(message).header(), message.substr(0, message.find("\r\n\r\n") + 2));
}

TEST(HeaderScanner, CutsTheKeptHeaderBehindAWholeLine) {
  EXPECT_EQ(scanned(message, 24).header(), "Received: from a\r\n");
  EXPECT_EQ(scanned(message, 0).header(), "");
  EXPECT_EQ(scanned(message, 24).fields(), 6u);
}

TEST(HeaderScanner, SaysWhatIsMissing) {
  const auto scanner = scanned("Subject: x\r\n\r\n");
  EXPECT_FALSE(scanner.has_from() || scanner.has_date() || scanner.has_message_id());
}

TEST(HeaderScanner, TellsEightBitInTheHeaderFromThatInTheBody) {
  const auto in_header = scanned("S: \xc3\xa9\r\n\r\nx\r\n");
  EXPECT_TRUE(in_header.header_has_eight_bit());
  EXPECT_FALSE(in_header.body_has_eight_bit());
  const auto in_body = scanned("S: x\r\n\r\n\xe9\r\n");
  EXPECT_FALSE(in_body.header_has_eight_bit());
  EXPECT_TRUE(in_body.body_has_eight_bit());
}

TEST(HeaderScanner, AnyCutGivesTheSame) {
  std::string content(message);
  content[30] = '\xe9';
  content[content.size() - 5] = '\xe9';
  for (const std::size_t keep : {0u, 40u, 1000u}) {
    const auto whole = facts(scanned(content, keep));
    for (std::size_t cut = 0; cut <= content.size(); ++cut) {
      HeaderScanner scanner(keep);
      scanner.scan(std::string_view(content).substr(0, cut));
      scanner.scan(std::string_view(content).substr(cut));
      EXPECT_EQ(facts(scanner), whole) << cut;
    }
  }
}

TEST(HeaderScanner, SeesEightBitAnywhereInALongRun) {
  std::string bytes(1000, 'a');
  EXPECT_FALSE(has_eight_bit(bytes));
  for (const std::size_t at : {0u, 255u, 256u, 999u}) {
    auto high = bytes;
    high[at] = '\x80';
    EXPECT_TRUE(has_eight_bit(high)) << at;
  }
}

}  // namespace
}  // namespace outrider::mail
