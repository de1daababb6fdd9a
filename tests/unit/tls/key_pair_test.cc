#include "outrider/tls/key_pair.h"

#include <gmock/gmock.h>

#include "outrider/tls/context.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::HasSubstr;

std::string content_of(const std::string& file) {
  const auto bio = open_pem(file);
  std::string text(20000, '\0');
  text.resize(static_cast<std::size_t>(BIO_read(bio->get(), text.data(), 20000)));
  return text;
}

std::string fault(const KeyPair& pair) {
  const auto loaded = load_pair(pair);
  return loaded ? "loaded" : loaded.error().text();
}

TEST(KeyPair, HasNamesInLowerCaseAndItsChain) {
  test::TestCa ca;
  const auto files = ca.issue({.names = {"MX.Example.org", "*.example.NET"},
                               .issuer = CertificateWish::Issuer::Intermediate});
  const auto pair = load_pair({files.certificate, files.key});
  ASSERT_TRUE(pair) << pair.error().text();
  EXPECT_THAT(pair->names, testing::ElementsAre("mx.example.org", "*.example.net"));
  EXPECT_EQ(sk_X509_num(pair->chain.get()), 1);
  EXPECT_EQ(pair->kind, EVP_PKEY_EC);
  EXPECT_TRUE(pair->warnings.empty());
}

TEST(KeyPair, MayBeInOneFile) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const auto both = ca.write("both.pem", content_of(files.certificate) + content_of(files.key));
  EXPECT_EQ(fault({both, ""}), "loaded");
}

TEST(KeyPair, TheChainMustLinkUp) {
  test::TestCa ca;
  const auto direct = ca.issue("mx.example.org");
  const auto wrong = ca.write("wrong.pem", content_of(direct.certificate) + ca.intermediate_pem());
  EXPECT_THAT(
      fault({wrong, direct.key}),
      testing::AllOf(HasSubstr("wrong.pem: certificate 2 of the file, CN=Test Intermediate"),
                     HasSubstr("did not issue the one before it")));
}

TEST(KeyPair, TheLeafComesFirst) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const auto turned = ca.write("turned.pem", ca.intermediate_pem() + content_of(files.certificate));
  EXPECT_THAT(fault({turned, files.key}),
              HasSubstr("turned.pem: the key is of certificate 2; it must be the first"));
}

TEST(KeyPair, AKeyWithAPassphraseIsNoKey) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const auto locked = ca.write(
      "locked.key",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_THAT(fault({files.certificate, locked}), HasSubstr("no private key without passphrase"));
}

}  // namespace
}  // namespace outrider::tls
