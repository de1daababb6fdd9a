// Covers: tls/crypto.cc, which works inside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;

std::string error_of(std::vector<KeyPair> keys) {
  const auto context = ServerContext::load({std::move(keys)});
  return context ? "loaded" : context.error().text();
}

TEST(ServerContext, DescribesItsCertificates) {
  test::TestCa ca;
  const auto files = ca.issue({.names = {"mx.example.org", "example.org"}});
  const auto context = ServerContext::load({{{files.certificate, files.key}}});
  ASSERT_TRUE(context);
  const auto described = (*context)->describe();
  ASSERT_EQ(described.size(), 1u);
  EXPECT_THAT(described[0],
              testing::StartsWith("CN=mx.example.org for mx.example.org, example.org, until "));
}

TEST(ServerContext, TellsWhomItNamesAndForHowLong) {
  test::TestCa ca;
  const auto files = ca.issue({.names = {"mx.example.org", "*.example.net"}});
  const auto context = *ServerContext::load({{{files.certificate, files.key}}});
  EXPECT_TRUE(context->names("mx.example.org"));
  EXPECT_TRUE(context->names("a.example.net"));
  EXPECT_FALSE(context->names("x.example.org"));
  EXPECT_FALSE(context->names("notmx.example.org"));
  EXPECT_GT(context->expires(), now());
  const auto old = ca.issue({.names = {"old.example"}, .age = CertificateWish::Age::Expired});
  EXPECT_LT((*ServerContext::load({{{old.certificate, old.key}}}))->expires(), now());
}

TEST(ServerContext, ErrorsNameTheFileAndTheReason) {
  test::TestCa ca;
  const auto one = ca.issue("one.example");
  const auto two = ca.issue("two.example");
  const auto junk = ca.write("junk.pem", "no certificate\n");
  EXPECT_THAT(error_of({}), testing::HasSubstr("no certificate is named"));
  EXPECT_THAT(
      error_of({{"/nowhere.pem", one.key}}),
      testing::AllOf(testing::HasSubstr("/nowhere.pem"), testing::HasSubstr("No such file")));
  EXPECT_THAT(error_of({{junk, one.key}}), testing::HasSubstr(junk + ": no certificate"));
  EXPECT_THAT(error_of({{one.certificate, junk}}), testing::HasSubstr(junk + ": no private key"));
  EXPECT_THAT(error_of({{one.certificate, two.key}}),
              testing::HasSubstr(two.key + ": the key does not fit"));
  const auto again = ca.issue("one.example");
  EXPECT_THAT(error_of({{one.certificate, one.key}, {again.certificate, again.key}}),
              testing::AllOf(testing::HasSubstr(again.certificate + ": would never be shown"),
                             testing::HasSubstr(one.certificate + " has a key of the same kind")));
}

TEST(ServerContext, ServesRsaAndEcdsaSideBySide) {
  test::TestCa ca;
  const auto ec = ca.issue({.names = {"ec.example"}});
  const auto rsa = ca.issue({.names = {"rsa.example"}, .key = CertificateWish::Key::Rsa});
  const auto server = ServerContext::load({{{ec.certificate, ec.key}, {rsa.certificate, rsa.key}}});
  ASSERT_TRUE(server) << server.error().text();
  const std::pair<const char*, const char*> rows[] = {{"ecdsa_secp256r1_sha256", "ec.example"},
                                                      {"rsa_pss_rsae_sha256", "rsa.example"}};
  for (const auto& [algorithm, name] : rows) {
    const auto client = ClientContext::load({.ca_file = ca.authority_file()});
    ASSERT_EQ(SSL_CTX_set1_sigalgs_list((*client)->native(), algorithm), 1);
    Pair both(**server, **client, "a.example",
              verdict_for(trust::Level::Opportunistic, {"other.example"}));
    ASSERT_TRUE(both.shake_hands()) << both.client.error();
    EXPECT_EQ(both.client.facts().peer_name, name);
  }
}

TEST(ServerContext, KeepsToVersionsAndSuites) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const struct {
    Version least;
    int client_version;
    const char* suites;
    const char* version;  // empty: refused
  } rows[] = {
      {Version::Tls12, TLS1_3_VERSION, nullptr, "TLSv1.3"},
      {Version::Tls12, TLS1_2_VERSION, nullptr, "TLSv1.2"},
      {Version::Tls13, TLS1_2_VERSION, nullptr, ""},
      {Version::Tls12, TLS1_1_VERSION, "ALL@SECLEVEL=0", ""},
      {Version::Tls12, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", ""},
  };
  for (const auto& row : rows) {
    const auto server =
        ServerContext::load({{{files.certificate, files.key}}, {.least = row.least}});
    const auto client = ClientContext::load({.ca_file = ca.authority_file()});
    SSL_CTX_set_min_proto_version((*client)->native(), row.client_version);
    SSL_CTX_set_max_proto_version((*client)->native(), row.client_version);
    if (row.suites) SSL_CTX_set_cipher_list((*client)->native(), row.suites);
    Pair both(**server, **client, "mx.example.org",
              verdict_for(trust::Level::Verify, {"mx.example.org"}));
    EXPECT_EQ(both.shake_hands(), row.version[0] != '\0');
    if (row.version[0]) EXPECT_EQ(both.client.facts().version, row.version);
  }
}

TEST(ServerContext, TurnsOtherProtocolsAway) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const auto server = ServerContext::load({{{files.certificate, files.key}}});
  const struct {
    std::string_view offer, chosen;  // nothing chosen: refused
  } rows[] = {{"\x04smtp", "smtp"},
              {"\x04lmtp", "lmtp"},
              {"\x02h2\x05"
               "esmtp",
               "esmtp"},
              {"\x02h2\x08http/1.1", ""}};
  for (const auto& [offer, chosen] : rows) {
    const auto client = ClientContext::load({.ca_file = ca.authority_file()});
    SSL_CTX_set_alpn_protos((*client)->native(),
                            reinterpret_cast<const unsigned char*>(offer.data()),
                            static_cast<unsigned>(offer.size()));
    Pair both(**server, **client, "mx.example.org", verdict_for(trust::Level::Opportunistic, {}));
    EXPECT_EQ(both.shake_hands(), !chosen.empty()) << offer;
    EXPECT_EQ(both.server.facts().alpn, chosen);
    // RFC 7301 §3.2
    if (!chosen.empty()) continue;
    EXPECT_EQ(both.client.handshake().want, Want::Failed);
    EXPECT_THAT(both.client.error(), testing::HasSubstr("alert no application protocol"));
  }
}

TEST(ServerContext, WithoutAlpnThereIsNone) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const auto server = ServerContext::load({{{files.certificate, files.key}}});
  const auto client = ClientContext::load({.ca_file = ca.authority_file()});
  Pair both(**server, **client, "mx.example.org", verdict_for(trust::Level::Opportunistic, {}));
  ASSERT_TRUE(both.shake_hands());
  EXPECT_EQ(both.server.facts().alpn, "");
}

}  // namespace
}  // namespace outrider::tls
