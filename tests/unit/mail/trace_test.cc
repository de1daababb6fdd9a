#include "outrider/mail/trace.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace outrider::mail {
namespace {

struct TraceTest : testing::Test {
  TraceTest() {
    origin = {.helo = "client.example", .client = "192.0.2.1", .protocol = "ESMTPS", .tls = {}};
    received = {.origin = &origin,
                .client_name = "c.example",
                .tls = nullptr,
                .host = "mx.example",
                .id = "0123456789ABC",
                .only_recipient = nullptr,
                .time = {}};
  }
  static std::size_t longest_line(std::string_view field) {
    std::size_t longest = 0;
    while (!field.empty()) {
      const auto end = field.find("\r\n");
      longest = std::max(longest, end);
      field.remove_prefix(end + 2);
    }
    return longest;
  }
  Origin origin;
  Received received;
};

using Trace = TraceTest;

TEST_F(Trace, S4_SaysWhoGaveTheMessageAndHow) {
  const auto field = received_field(received);
  EXPECT_TRUE(field.starts_with("Received: from client.example (c.example [192.0.2.1]) by mx.ex"));
  EXPECT_TRUE(field.contains("with ESMTPS id 0123456789ABC;")) << field;
  EXPECT_TRUE(field.ends_with(rfc5322_date({}) + "\r\n"));
}

TEST_F(Trace, SaysWhichTls) {
  const TlsFacts tls{.version = "TLSv1.3",
                     .cipher = "TLS_AES_256_GCM_SHA384",
                     .group = "X25519",
                     .sni = {},
                     .peer_name = {},
                     .why = {}};
  received.tls = &tls;
  auto field = received_field(received);
  for (auto at = field.find("\r\n "); at != std::string::npos; at = field.find("\r\n ")) {
    field.erase(at, 2);
  }
  EXPECT_TRUE(field.contains("(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 group X25519)"));
  EXPECT_TRUE(field.contains(" tls TLS_AES_256_GCM_SHA384 id ")) << field;
}

TEST_F(Trace, NamesTheOnlyRecipient) {
  EXPECT_FALSE(received_field(received).contains("for "));
  const Address address{"a", "example.net"};
  received.only_recipient = &address;
  EXPECT_TRUE(received_field(received).contains("for <a@example.net>;"));
}

TEST_F(Trace, FoldsAtSeventyEightColumns) {
  const Address address{std::string(40, 'u'), "example.net"};
  received.only_recipient = &address;
  EXPECT_LE(longest_line(received_field(received)), 78u);
}

TEST_F(Trace, NothingAClientSaidBeginsALine) {
  const auto lines =
      std::ranges::count_if(received_field(received), [](char c) { return c == '\n'; });
  origin.helo = "x\r\nBcc: y";
  origin.protocol = "E\nZ";
  received.client_name = "a) (b\r\n";
  const Address address{"a\r\nX: y", "example.net"};
  received.only_recipient = &address;
  const auto field = received_field(received);
  for (std::size_t at = field.find('\n'); at + 1 < field.size(); at = field.find('\n', at + 1)) {
    EXPECT_EQ(field[at + 1], ' ') << field;
  }
  EXPECT_FALSE(field.contains("Bcc")) << field;
  EXPECT_GE(lines, 1);
  EXPECT_EQ(return_path_field(address), "Return-Path: <\"a??X: y\"@example.net>\r\n");
  EXPECT_EQ(delivered_to_field(address), "Delivered-To: \"a??X: y\"@example.net\r\n");
}

TEST_F(Trace, WritesTheNullReversePath) { EXPECT_EQ(return_path_field({}), "Return-Path: <>\r\n"); }

TEST(ProtocolKeyword, IsThatOfTheRegistry) {
  EXPECT_EQ(protocol_keyword(false, false, false, false, false), "SMTP");
  EXPECT_EQ(protocol_keyword(true, false, true, false, false), "ESMTPS");
  EXPECT_EQ(protocol_keyword(true, false, true, true, true), "UTF8SMTPSA");
  EXPECT_EQ(protocol_keyword(true, true, true, false, false), "LMTPS");
  EXPECT_EQ(protocol_keyword(true, true, false, false, true), "UTF8LMTP");
}

}  // namespace
}  // namespace outrider::mail
