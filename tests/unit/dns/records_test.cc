#include "outrider/dns/records.h"

#include <gtest/gtest.h>

#include <string>

namespace outrider::dns {
namespace {

using namespace std::string_literals;

TEST(ReadName, JoinsLabelsInLowerCase) {
  EXPECT_EQ(read_name("\2Mx\7EXAMPLE\3org\0"s), "mx.example.org");
}

TEST(ReadName, GivesAnEmptyNameForTheRoot) { EXPECT_EQ(read_name("\0"s), ""); }

TEST(ReadName, RefusesEveryCutAndEveryByteTooMany) {
  const std::string whole = "\2mx\7example\0"s;
  ASSERT_TRUE(read_name(whole));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(read_name(std::string_view(whole).substr(0, cut))) << cut;
  }
  EXPECT_FALSE(read_name(whole + '\0'));
  EXPECT_FALSE(read_name(whole + "x"));
}

TEST(ReadName, RefusesCompressionAndLabelsTooLong) {
  EXPECT_FALSE(read_name("\xC0\x0C"s));
  EXPECT_FALSE(read_name("\x40"s + std::string(64, 'a') + '\0'));
  EXPECT_TRUE(read_name("\x3F"s + std::string(63, 'a') + '\0'));
}

TEST(ReadName, RefusesMoreThan255Bytes) {
  std::string name;
  for (int i = 0; i < 127; ++i) name += "\1a"s;
  EXPECT_TRUE(read_name(name + '\0'));
  EXPECT_FALSE(read_name(name + "\1a"s + '\0'));
}

TEST(ReadName, RefusesBytesThatNoHostHas) {
  EXPECT_FALSE(read_name("\4a\0b.\0"s));
  EXPECT_FALSE(read_name("\3a\nb\0"s));
  EXPECT_FALSE(read_name("\3a b\0"s));
  EXPECT_FALSE(read_name("\2\xC3\xA9\0"s));
}

TEST(ReadMx, TakesPreferenceAndHost) {
  EXPECT_EQ(read_mx("\1\2\2mx\7example\0"s), (Mx{258, "mx.example"}));
}

TEST(ReadMx, KnowsTheNullMx) { EXPECT_EQ(read_mx("\0\0\0"s), (Mx{0, ""})); }

TEST(ReadMx, RefusesWhatIsTooShort) {
  for (const auto& data : {""s, "\0"s, "\0\5"s, "\0\5\2mx"s}) EXPECT_FALSE(read_mx(data));
}

TEST(ReadAddress, TakesExactlyItsSize) {
  EXPECT_EQ(read_ipv4("\xC0\0\2\1"s)->text(), "192.0.2.1");
  EXPECT_FALSE(read_ipv4("\xC0\0\2"s));
  EXPECT_FALSE(read_ipv4("\xC0\0\2\1\0"s));
  const std::string v6 = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + '\1';
  EXPECT_EQ(read_ipv6(v6)->text(), "2001:db8::1");
  EXPECT_FALSE(read_ipv6(v6.substr(1)));
  EXPECT_FALSE(read_ipv6(v6 + '\0'));
}

TEST(ReadAddress, HoldsMappedAddressesAsIpv4) {
  const std::string mapped = std::string(10, '\0') + "\xFF\xFF\x7F\0\0\1"s;
  EXPECT_EQ(read_ipv6(mapped)->text(), "127.0.0.1");
}

TEST(IsName, TakesHostNamesAndServiceLabels) {
  for (const auto* name : {"example.org", "example.org.", "_mta-sts.example.org", "xn--bcher-kva",
                           "1.0.0.127.in-addr.arpa"}) {
    EXPECT_TRUE(is_name(name)) << name;
  }
}

TEST(IsName, RefusesWhatCannotBeAsked) {
  for (const auto& name : {""s, "."s, "a..b"s, ".a"s, "a b"s, "a\\.b"s, "a\0b"s, "bücher"s,
                           std::string(64, 'a'), std::string(254, 'a')}) {
    EXPECT_FALSE(is_name(name)) << name;
  }
  std::string name = "a";
  while (name.size() < 253) name += ".a";
  EXPECT_TRUE(is_name(name));
  EXPECT_FALSE(is_name(name + "a.a"));
}

TEST(PointerName, ReversesBytesAndNibbles) {
  EXPECT_EQ(pointer_name(*IpAddress::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(pointer_name(*IpAddress::parse("2001:db8::567:89ab")),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(ReadTlsa, TakesTheNumbersAndAllThatFollows) {
  const auto record = read_tlsa("\x03\x01\x02\xAA\xBB");
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, (Tlsa{3, 1, 2, "\xAA\xBB"}));
  EXPECT_EQ(read_tlsa("\xFF\xFE\xFDx"), (Tlsa{255, 254, 253, "x"}));
  EXPECT_EQ(read_tlsa(std::string(65535, 'x'))->data.size(), 65532U);
}

TEST(ReadTlsa, RefusesARecordWithoutData) {
  for (std::size_t size = 0; size < 4; ++size)
    EXPECT_FALSE(read_tlsa("\x03\x01\x01"s.substr(0, size)));
}

TEST(ReadText, JoinsTheStringsOfARecord) {
  EXPECT_EQ(read_text("\x09v=STSv1; \x05id=1;"), "v=STSv1; id=1;");
  EXPECT_EQ(read_text("\0"s), "");
  EXPECT_EQ(read_text("\0\1a\0"s), "a");
  EXPECT_EQ(read_text("\xFF" + std::string(255, 'a') + "\2\0\xC3"s),
            std::string(255, 'a') + "\0\xC3"s);
}

TEST(ReadText, RefusesAStringThatDoesNotFit) {
  for (const auto& data : {""s, "\1"s, "\5abcd"s, "\1a\2b"s}) EXPECT_FALSE(read_text(data));
}

}  // namespace
}  // namespace outrider::dns
