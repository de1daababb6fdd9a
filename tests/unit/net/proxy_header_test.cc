#include "outrider/net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace outrider::net {
namespace {

const std::string signature{"\r\n\r\n\0\r\nQUIT\n", 12};

std::string v2(unsigned char command, unsigned char family, const std::string& body) {
  std::string header = signature;
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(body.size() >> 8);
  header += static_cast<char>(body.size() & 0xff);
  return header + body;
}

const std::string ipv4_body{"\xc0\x00\x02\x01\xc0\x00\x02\x02\xc7\x38\x00\x19", 12};

std::string ipv6_body() {
  std::string body(36, '\0');
  body[0] = 0x20;
  body[1] = 0x01;
  body[15] = 1;
  body[16] = 0x20;
  body[31] = 2;
  body[33] = 7;
  body[35] = 25;
  return body;
}

struct Row {
  const char* name;
  std::string header;
  const char* source;  // empty: none is told
  const char* destination;
};

const Row good[] = {
    {"v1 IPv4", "PROXY TCP4 192.0.2.1 192.0.2.2 51000 25\r\n", "192.0.2.1:51000", "192.0.2.2:25"},
    {"v1 IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "[2001:db8::1]:1",
     "[2001:db8::2]:65535"},
    {"v1 mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1:1", "[::1]:2"},
    {"v1 unknown", "PROXY UNKNOWN\r\n", "", ""},
    {"v1 unknown, more", "PROXY UNKNOWN ffff::1 ::1 1 2\r\n", "", ""},
    {"v2 IPv4", v2(0x21, 0x11, ipv4_body), "192.0.2.1:51000", "192.0.2.2:25"},
    {"v2 IPv4 with extensions", v2(0x21, 0x11, ipv4_body + std::string("\x04\0\x01x", 4)),
     "192.0.2.1:51000", "192.0.2.2:25"},
    {"v2 IPv6", v2(0x21, 0x21, ipv6_body()), "[2001::1]:7", "[2000::2]:25"},
    {"v2 local", v2(0x20, 0x00, ""), "", ""},
    {"v2 local with addresses", v2(0x20, 0x11, ipv4_body), "", ""},
    {"v2 unspecified", v2(0x21, 0x00, "abc"), "", ""},
    {"v2 Unix", v2(0x21, 0x31, std::string(216, 'a')), "", ""},
    {"v2 longest", v2(0x21, 0x11, ipv4_body + std::string(524, 'x')), "192.0.2.1:51000",
     "192.0.2.2:25"},
};

std::string text_of(const std::optional<Endpoint>& endpoint) {
  return endpoint ? endpoint->text() : "";
}

TEST(ProxyHeader, TellsWhomItSpeaksFor) {
  for (const auto& row : good) {
    const auto header = parse_proxy_header(row.header + "EHLO client\r\n");
    ASSERT_TRUE(header) << row.name << ": " << header.error().text();
    EXPECT_EQ(header->length, row.header.size()) << row.name;
    EXPECT_EQ(text_of(header->source), row.source) << row.name;
    EXPECT_EQ(text_of(header->destination), row.destination) << row.name;
  }
}

TEST(ProxyHeader, EveryBeginningAsksForMore) {
  for (const auto& row : good) {
    for (std::size_t cut = 0; cut < row.header.size(); ++cut) {
      const auto header = parse_proxy_header(std::string_view(row.header).substr(0, cut));
      ASSERT_TRUE(header) << row.name << " cut at " << cut;
      EXPECT_FALSE(header->complete()) << row.name << " cut at " << cut;
    }
  }
}

TEST(ProxyHeader, RefusesWhatIsNone) {
  const std::string bad[] = {
      "EHLO client\r\n",
      "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
      "PROXY \r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
      "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
      "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY UNKNOWNS\r\n",
      "PROXY TCP4 " + std::string(120, '1'),
      v2(0x11, 0x11, ipv4_body),
      v2(0x22, 0x11, ipv4_body),
      v2(0x21, 0x11, ipv4_body.substr(0, 11)),
      v2(0x21, 0x21, ipv4_body),
      v2(0x21, 0x11, ipv4_body + std::string(525, 'x')),
  };
  for (const auto& input : bad) {
    const auto header = parse_proxy_header(input);
    ASSERT_FALSE(header) << input;
    EXPECT_EQ(header.error().blame, Blame::Peer);
    EXPECT_TRUE(header.error().rule.starts_with("PROXY protocol §")) << header.error().rule;
  }
}

TEST(ProxyHeader, NeverAsksForMoreThanTheLongest) {
  for (const auto& start : {std::string("PROXY "), v2(0x21, 0x11, ipv4_body).substr(0, 12)}) {
    for (char filler : {'\0', 'A', '\xff', ' '}) {
      const auto header = parse_proxy_header(start + std::string(longest_proxy_header, filler));
      EXPECT_TRUE(!header || header->complete());
    }
  }
}

}  // namespace
}  // namespace outrider::net
