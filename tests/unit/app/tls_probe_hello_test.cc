// Covers: app/tls_probe_names.cc
#include "outrider/app/tls_probe_hello.h"

#include <gmock/gmock.h>

namespace outrider::app::probe {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

const std::string random(32, 'r');

Hello plain_hello() {
  Hello hello;
  hello.suites = {0xc030};
  hello.random = random;
  return hello;
}

// A record of the handshake with one ServerHello.
std::string server_hello(const std::string& version, const std::string& extensions,
                         const std::string& its_random = random) {
  const auto body = version + its_random + "\0\xc0\x30\0"s + "\0"s +
                    static_cast<char>(extensions.size()) + extensions;
  const auto message = "\x02\0\0"s + static_cast<char>(body.size()) + body;
  return "\x16\x03\x03\0"s + static_cast<char>(message.size()) + message;
}

TEST(ProbeHello, IsWrittenAsRfc5246Has) {
  Hello hello = plain_hello();
  hello.version = ssl30;
  hello.extensions = false;
  const auto expected = "\x16\x03\0\0\x2d\x01\0\0\x29\x03\0"s + random + "\0\0\x02\xc0\x30\x01\0"s;
  EXPECT_EQ(client_hello(hello), expected);
}

TEST(ProbeHello, SaysWhatItIsToldTo) {
  Hello hello = plain_hello();
  hello.host = "mx.test";
  hello.alpn = {"smtp", "x"};
  hello.deflate = true;
  const auto bytes = client_hello(hello);
  EXPECT_THAT(bytes, HasSubstr("\0\0\0\x0c\0\x0a\0\0\x07mx.test"s));
  EXPECT_THAT(bytes, HasSubstr("\0\x10\0\x09\0\x07\4smtp\1x"s));
  EXPECT_THAT(bytes, HasSubstr("\0\2\xc0\x30\2\1\0"s));
  EXPECT_THAT(bytes, Not(HasSubstr("\0\x2b\0"s)));
  // The length of the record is that of what follows.
  const auto length =
      static_cast<unsigned char>(bytes[3]) * 256U + static_cast<unsigned char>(bytes[4]);
  EXPECT_EQ(length + 5, bytes.size());
}

TEST(ProbeHello, OfTls13SendsGroupsWithoutKeys) {
  Hello hello = plain_hello();
  hello.version = tls13;
  hello.groups = {x25519_mlkem768};
  const auto bytes = client_hello(hello);
  EXPECT_THAT(bytes, HasSubstr("\0\x0a\0\4\0\2\x11\xec"s));
  EXPECT_THAT(bytes, HasSubstr("\0\x2b\0\3\2\3\4"s));
  EXPECT_THAT(bytes, HasSubstr("\0\x33\0\2\0\0"s));
}

TEST(ProbeHello, CanHaveValuesThatNobodyKnows) {
  Hello hello = plain_hello();
  hello.version = tls13;
  hello.grease = true;
  const auto bytes = client_hello(hello);
  EXPECT_THAT(bytes, HasSubstr("\0\4\x0a\x0a\xc0\x30"s));
  EXPECT_THAT(bytes, HasSubstr("\x2a\x2a\0\1?"s));
  EXPECT_THAT(bytes, HasSubstr("\0\x2b\0\5\4\x3a\x3a\3\4"s));
}

TEST(ProbeHello, L6_HasTheFormOfSsl2) {
  EXPECT_EQ(client_hello_v2(plain_hello()), "\x80\x2c\x01\3\3\0\3\0\0\0\x20\0\xc0\x30"s + random);
}

TEST(ProbeHello, TwoHaveNotTheSameRandom) {
  Hello hello = plain_hello();
  hello.random = {};
  EXPECT_NE(client_hello(hello), client_hello(hello));
}

TEST(ProbeAnswer, ServerHelloIsReadWithItsExtensions) {
  const auto answer = parse_answer(
      server_hello("\3\3", "\xff\x01\0\1\0"s + "\0\x17\0\0"s + "\0\x10\0\7\0\5\4smtp"s));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, HelloAnswer::Kind::ServerHello);
  EXPECT_EQ(answer->version, tls12);
  EXPECT_EQ(answer->suite, 0xc030);
  EXPECT_TRUE(answer->secure_renegotiation);
  EXPECT_TRUE(answer->extended_master_secret);
  EXPECT_EQ(answer->alpn, "smtp");
  EXPECT_FALSE(answer->downgraded);
  EXPECT_EQ(answer->text(), "TLSv1.2, ECDHE_RSA_WITH_AES_256_GCM_SHA384");
}

TEST(ProbeAnswer, EveryCutOfItWantsMore) {
  const auto bytes = server_hello("\3\3", "\xff\x01\0\1\0"s);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(parse_answer(bytes.substr(0, cut))) << cut;
  }
  EXPECT_TRUE(parse_answer(bytes));
}

TEST(ProbeAnswer, NoChangedByteIsReadBeyondTheEnd) {
  const auto bytes = server_hello("\3\3", "\xff\x01\0\1\0\0\x10\0\7\0\5\4smtp"s);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[at] = static_cast<char>(value);
      const auto answer = parse_answer(changed);
      if (answer && answer->alpn) EXPECT_LE(answer->alpn->size(), bytes.size());
    }
  }
}

TEST(ProbeAnswer, T5_TheMarkOfADowngradeIsSeen) {
  const auto marked = parse_answer(server_hello("\3\3", "", std::string(24, 'r') + "DOWNGRD\1"));
  ASSERT_TRUE(marked);
  EXPECT_TRUE(marked->downgraded);
}

TEST(ProbeAnswer, RetryNamesTheGroupThatIsWanted) {
  const auto retry =
      "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
      "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"s;
  const auto answer =
      parse_answer(server_hello("\3\3", "\0\x2b\0\2\3\4\0\x33\0\2\x11\xec"s, retry));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, HelloAnswer::Kind::Retry);
  EXPECT_EQ(answer->version, tls13);
  EXPECT_EQ(answer->group, x25519_mlkem768);
  EXPECT_THAT(answer->text(), HasSubstr("X25519MLKEM768"));
}

TEST(ProbeAnswer, AlertsAreNamedAndWarningsPassedOver) {
  const auto fatal = "\x15\3\3\0\2\2\x46"s, warning = "\x15\3\3\0\2\1\x70"s;
  EXPECT_EQ(parse_answer(fatal)->text(), "alert 70 (protocol_version)");
  EXPECT_FALSE(parse_answer(warning));
  EXPECT_EQ(parse_answer(warning + server_hello("\3\3", ""))->kind, HelloAnswer::Kind::ServerHello);
}

TEST(ProbeAnswer, WhatIsNoTlsIsShownPrintably) {
  const auto answer = parse_answer("500 what?\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->kind, HelloAnswer::Kind::NoTls);
  EXPECT_EQ(answer->text(), "no TLS: 500 what?\\x0d\\x0a");
  EXPECT_FALSE(answer->agreed());
  // Lengths that lie
  EXPECT_EQ(parse_answer("\x16\3\3\0\5\2\0\0\1\3"s)->kind, HelloAnswer::Kind::NoTls);
  EXPECT_EQ(parse_answer("\x15\3\3\0\1\2"s)->kind, HelloAnswer::Kind::NoTls);
  EXPECT_EQ(parse_answer("\x16\3\3\0\4\x0b\0\0\0"s)->kind, HelloAnswer::Kind::NoTls);
}

TEST(ProbeNames, FamiliesOfSuitesDoNotOverlap) {
  const auto broken = suites_broken();
  for (const auto& family : {suites_aead(), suites_cbc(), suites_static(), suites_anonymous()}) {
    EXPECT_FALSE(family.empty());
    for (const auto suite : family) EXPECT_THAT(broken, Not(testing::Contains(suite)));
  }
  EXPECT_EQ(suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(suite_name(0x1234), "0x1234");
  EXPECT_EQ(version_name(tls11), "TLSv1.1");
  EXPECT_EQ(group_name(0x001d), "X25519");
}

}  // namespace
}  // namespace outrider::app::probe
