#include "outrider/trust/dane.h"

#include <gtest/gtest.h>

#include <set>

#include "support/vectors.h"

namespace outrider::trust {
namespace {

Tlsa record(int usage, int selector, int matching, char fill = 'a') {
  const std::size_t size = matching == 1 ? 32 : 64;
  return {static_cast<std::uint8_t>(usage), static_cast<std::uint8_t>(selector),
          static_cast<std::uint8_t>(matching), std::string(size, fill)};
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// Two vectors are called usable 'if it parses'. 80 bytes of 0x30 do not: the SEQUENCE would end
// after 50 of them (X.690 §8.1.3), and RFC 6698 §2.1.3 says that the data is a certificate or key.
const std::set<std::string> not_parsing{"rdata-3-1-0", "rdata-2-0-0"};

TEST(Dane, VectorsOfRecordData) {
  std::size_t count = 0;
  for (const auto& each : test::vector_cases("dane.json")) {
    if (each.at("group") != "rdata") continue;
    ++count;
    const auto id = each.at("id").get<std::string>();
    const auto data = from_hex(each.at("tlsa_rdata_hex"));
    bool usable = false;
    // Fewer than 4 bytes never become a record (dns::Resolver::tlsa).
    if (data.size() > 3) {
      const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(data[at]); };
      usable = is_usable({byte(0), byte(1), byte(2), data.substr(3)});
    }
    EXPECT_EQ(usable, each.at("usable").get<bool>() && !not_parsing.contains(id)) << id;
  }
  EXPECT_EQ(count, 29u);
}

TEST(Dane, AWholeKeyHasTheFormOfDer) {
  const auto usable = [](std::string data) { return is_usable({3, 1, 0, std::move(data)}); };
  EXPECT_TRUE(usable(from_hex("3003020101")));
  EXPECT_TRUE(usable(from_hex("308180") + std::string(128, 'x')));
  EXPECT_TRUE(usable(from_hex("30820100") + std::string(256, 'x')));
  EXPECT_FALSE(usable(from_hex("30820100") + std::string(255, 'x'))) << "cut off";
  EXPECT_FALSE(usable(from_hex("30820080") + std::string(128, 'x'))) << "length not the shortest";
  EXPECT_FALSE(usable(from_hex("3080") + std::string(10, 'x'))) << "without a length";
  EXPECT_FALSE(usable(from_hex("3000"))) << "empty";
  EXPECT_FALSE(usable(from_hex("04020101"))) << "another type";
}

TEST(Dane, TheStrongestDigestOfAKindCounts) {
  const std::vector<Tlsa> both{record(3, 1, 1), record(3, 1, 2)};
  EXPECT_EQ(usable_records(both), std::vector{record(3, 1, 2)});
  // Other selectors and usages are not touched by it, nor are records that cannot be used.
  const std::vector<Tlsa> apart{record(3, 1, 1), record(3, 0, 2), record(2, 1, 2)};
  EXPECT_EQ(usable_records(apart), apart);
  const std::vector<Tlsa> broken{record(3, 1, 1), {3, 1, 2, "short"}};
  EXPECT_EQ(usable_records(broken), std::vector{record(3, 1, 1)});
  const std::vector<Tlsa> rollover{record(3, 1, 1, 'a'), record(3, 1, 1, 'b')};
  EXPECT_EQ(usable_records(rollover), rollover);
}

TEST(Dane, BaseDomainsFollowTheAliases) {
  using Names = std::vector<std::string>;
  const DaneHost plain{"mx.a", "mx.a", false, true};
  EXPECT_EQ(tlsa_bases(plain), Names{"mx.a"});
  EXPECT_FALSE(needs_alias(plain));
  // case-mx-cname-secure, case-mx-cname-secure-only-orig, case-intermediate
  EXPECT_EQ(tlsa_bases({"mx.a", "mx.c", false, true}), (Names{"mx.c", "mx.a"}));
  const DaneHost leads_out{"mx.a", "mx.b", false, false};
  EXPECT_TRUE(needs_alias(leads_out));
  EXPECT_EQ(tlsa_bases(leads_out, true), Names{"mx.a"}) << "case-mx-cname-insecure-target";
  EXPECT_EQ(tlsa_bases(leads_out, false), Names{}) << "case-mx-cname-insecure-all";
  const DaneHost unsigned_host{"mx.a", "mx.a", false, false};
  EXPECT_FALSE(needs_alias(unsigned_host));
  EXPECT_EQ(tlsa_bases(unsigned_host, true), Names{}) << "case-tlsa-servfail-a-insecure";
  const DaneHost address{"192.0.2.1", "192.0.2.1", true, false};
  EXPECT_EQ(tlsa_bases(address), Names{}) << "case-literal, case-mx-is-ip";
  EXPECT_EQ(tlsa_bases({"MX.A", "mx.a", false, true}), Names{"MX.A"}) << "case-case-0x20";
}

TEST(Dane, TheNameHasThePort) {
  EXPECT_EQ(tlsa_name("mx.example", 25), "_25._tcp.mx.example");
  EXPECT_EQ(tlsa_name("mx.example", 2525), "_2525._tcp.mx.example") << "case-port";
}

TEST(Dane, ABaseDomainIsSettledByItsSignedRecords) {
  EXPECT_FALSE(settle_base("mx.a", false, {}));
  const auto usable = settle_base("mx.a", true, {record(0, 0, 1), record(3, 1, 1)});
  ASSERT_TRUE(usable);
  EXPECT_EQ(usable->state, DaneState::Usable) << "case-some-unusable";
  EXPECT_EQ(usable->records, std::vector{record(3, 1, 1)});
  EXPECT_EQ(usable->base, "mx.a");
  const auto unusable = settle_base("mx.a", true, {record(0, 0, 1), record(3, 1, 255)});
  ASSERT_TRUE(unusable);
  EXPECT_EQ(unusable->state, DaneState::Unusable) << "case-all-unusable";
  EXPECT_TRUE(unusable->records.empty());
}

TEST(Dane, StatesHaveNames) {
  EXPECT_EQ(name(DaneState::Off), "off");
  EXPECT_EQ(name(DaneState::Disputed), "disputed");
  EXPECT_TRUE(is_unknown(DaneState::Failed) && is_unknown(DaneState::Bogus));
  EXPECT_FALSE(is_unknown(DaneState::Usable) || is_unknown(DaneState::Absent));
}

}  // namespace
}  // namespace outrider::trust
