#include <gmock/gmock.h>

#include "outrider/tls/parameters.h"

namespace outrider::tls {
namespace {

std::string fault(List list, std::string_view items) {
  const auto known = check(list, items);
  return known ? "" : known.error().text();
}

TEST(Lists, OfKnownItemsAreGood) {
  const std::pair<List, std::string_view> rows[] = {
      {List::Groups, ""},
      {List::Groups, "X25519:P-256:P-384"},
      {List::Suites, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"},
      {List::Ciphers, "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA"},
      {List::Ciphers, "HIGH:!aNULL:!eNULL:-CAMELLIA:@STRENGTH"},
      {List::Signatures, "ecdsa_secp256r1_sha256:RSA-PSS+SHA256:ed25519"}};
  for (const auto& [list, items] : rows) EXPECT_EQ(fault(list, items), "") << items;
}

TEST(Lists, TheUnknownItemIsNamed) {
  const struct {
    List list;
    std::string_view items, item, rule;
  } rows[] = {
      {List::Groups, "X25519:X25518:P-256", "\"X25518\" is not known", "TLS groups"},
      {List::Groups, "X25519::P-256", "\"\" is not known", "TLS groups"},
      {List::Suites, "TLS_AES_256_GCM_SHA384:TLS_AES", "\"TLS_AES\" is", "TLS 1.3 suites"},
      {List::Suites, "ECDHE-RSA-AES128-GCM-SHA256", "\"ECDHE-RSA", "TLS 1.3 suites"},
      {List::Ciphers, "ECDHE-RSA-AES128-GCM-SHA256:RC6", "\"RC6\" is not", "TLS ciphers"},
      {List::Signatures, "ed25519:rsa_md2", "\"rsa_md2\" is not", "TLS signature algorithms"},
      {List::Groups, "X25519:\x1b[2J", "\"\\x1b[2J\" is not", "TLS groups"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(fault(row.list, row.items),
                testing::AllOf(testing::HasSubstr(row.item), testing::HasSubstr(row.rule)))
        << row.items;
  }
}

TEST(Lists, CiphersThatProtectNothingAreRefused) {
  for (const auto* items : {"ALL", "ALL:eNULL", "ECDHE-RSA-AES128-GCM-SHA256:NULL-SHA", "aNULL"}) {
    EXPECT_THAT(fault(List::Ciphers, items), testing::HasSubstr("does not encrypt")) << items;
  }
  EXPECT_THAT(fault(List::Ciphers, "AES128-SHA:!AES"), testing::HasSubstr("leaves no cipher"));
}

}  // namespace
}  // namespace outrider::tls
