// Our own records, against what the `openssl` program says of the same files.
#include "outrider/tls/tlsa_of.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdio>

#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::HasSubstr;

std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(("set -e; " + command).c_str(), "r");
  if (!pipe) return "no shell";
  std::string all;
  char part[4096];
  while (const auto size = std::fread(part, 1, sizeof part, pipe)) all.append(part, size);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return all;
}

std::string by_openssl(const std::string& file, const TlsaKind& kind) {
  std::string command = kind.selector == 0 ? "openssl x509 -in " + file + " -outform DER"
                                           : "openssl x509 -in " + file + " -noout -pubkey | " +
                                                 "openssl pkey -pubin -outform DER";
  if (kind.matching == 1) command += " | openssl dgst -sha256 -binary";
  if (kind.matching == 2) command += " | openssl dgst -sha512 -binary";
  return output_of(command);
}

class OwnRecords : public testing::Test {
 protected:
  test::TestCa ca;
  test::TestCa::Files files =
      ca.issue({.names = {"mx.example.org"}, .issuer = CertificateWish::Issuer::Intermediate});
  KeyPair pair{files.certificate, files.key};
};

TEST_F(OwnRecords, AreWhatOpensslSays) {
  const auto issuer = ca.write("issuer.pem", ca.intermediate_pem());
  for (const std::uint8_t selector : {0, 1}) {
    for (const std::uint8_t matching : {0, 1, 2}) {
      const TlsaKind leaf{3, selector, matching}, anchor{2, selector, matching};
      EXPECT_EQ(tlsa_of(pair, leaf),
                (Tlsa{3, selector, matching, by_openssl(files.certificate, leaf)}));
      EXPECT_EQ(tlsa_of(pair, anchor), (Tlsa{2, selector, matching, by_openssl(issuer, anchor)}));
    }
  }
}

TEST_F(OwnRecords, AreAsRecommendedWhereNothingIsSaid) {
  const auto record = tlsa_of(pair);
  ASSERT_TRUE(record);
  EXPECT_EQ(fmt::format("{} {} {}", record->usage, record->selector, record->matching), "3 1 1");
  EXPECT_EQ(record->data.size(), 32u);
}

TEST_F(OwnRecords, NeedNoKey) {
  EXPECT_EQ(tlsa_of({files.certificate, "/nowhere.key"}), tlsa_of(pair));
}

TEST_F(OwnRecords, OfNoUseAreRefused) {
  for (const auto& kind : {TlsaKind{0, 0, 1}, {1, 1, 1}, {4, 1, 1}, {3, 2, 1}, {3, 1, 3}}) {
    const auto record = tlsa_of(pair, kind);
    ASSERT_FALSE(record);
    EXPECT_THAT(record.error().input, HasSubstr("of no use to SMTP"));
    EXPECT_EQ(record.error().place, files.certificate);
  }
  EXPECT_FALSE(tlsa_of(pair, {3, 1, 1}, 1)) << "usage 3 is for the leaf";
}

TEST_F(OwnRecords, OfCertificatesThatAreNotThereAreErrors) {
  const auto alone = ca.issue("mx.example.org");
  const auto missing = tlsa_of({alone.certificate, {}}, {.usage = 2});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().input, HasSubstr("no certificate 2"));
  EXPECT_FALSE(tlsa_of({"/nowhere.pem", {}}));
  EXPECT_FALSE(tlsa_of({ca.write("junk.pem", "junk"), {}}));
  EXPECT_TRUE(tlsa_of({ca.authority_file(), {}}, {.usage = 2}, 0)) << "an authority's own file";
}

}  // namespace
}  // namespace outrider::tls
