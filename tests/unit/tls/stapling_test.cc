#include "outrider/tls/stapling.h"

#include <gmock/gmock.h>
#include <openssl/ocsp.h>

#include <fstream>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using test::StapleWish;
using testing::ElementsAre;
using testing::HasSubstr;

class Staple : public testing::Test {
 protected:
  test::TestCa::Files issue(bool must_staple = false) {
    return ca.issue({.names = {"mx.example.org"},
                     .issuer = CertificateWish::Issuer::Intermediate,
                     .must_staple = must_staple});
  }
  static void put(const test::TestCa::Files& files, const std::string& response) {
    std::ofstream(files.certificate + ".ocsp", std::ios::binary) << response;
  }
  static std::shared_ptr<const ServerContext> server(const test::TestCa::Files& files) {
    auto context = ServerContext::load({{{files.certificate, files.key}}});
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  // What a client gets that asks, or does not.
  std::string stapled(const ServerContext& context, bool asks = true) {
    const auto client = ClientContext::load({.ca_file = ca.authority_file()});
    if (asks) SSL_CTX_set_tlsext_status_type((*client)->native(), TLSEXT_STATUSTYPE_ocsp);
    std::string response;
    SSL_CTX_set_tlsext_status_cb((*client)->native(), +[](SSL* ssl, void* into) {
      unsigned char* bytes = nullptr;
      const long length = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
      if (length > 0)
        static_cast<std::string*>(into)->assign(reinterpret_cast<char*>(bytes),
                                                static_cast<std::size_t>(length));
      return 1;
    });
    SSL_CTX_set_tlsext_status_arg((*client)->native(), &response);
    Pair both(context, **client, "mx.example.org",
              verdict_for(trust::Level::Verify, {"mx.example.org"}));
    EXPECT_TRUE(both.shake_hands()) << both.client.error();
    return response;
  }

  test::TestCa ca;
};

TEST_F(Staple, IsGivenToClientsThatAsk) {
  const auto files = issue();
  const auto response = ca.staple(files);
  put(files, response);
  const auto context = server(files);
  EXPECT_EQ(stapled(*context), response);
  EXPECT_EQ(stapled(*context, false), "");
  EXPECT_THAT(context->warnings(), testing::IsEmpty());
  EXPECT_THAT(context->describe()[0], HasSubstr("stapled until "));
}

TEST_F(Staple, WithoutAResponseThereIsNone) {
  EXPECT_EQ(stapled(*server(issue())), "");
  EXPECT_THAT(server(issue())->warnings(), testing::IsEmpty());
}

TEST_F(Staple, IsNotGivenWhenItIsNotGood) {
  const auto files = issue();
  const std::pair<std::string, const char*> rows[] = {
      {"no response", "is no OCSP response in DER"},
      {ca.staple(files, {.age = StapleWish::Age::Over}), "is out of date"},
      {ca.staple(files, {.status = StapleWish::Status::Revoked}), "revoked"},
      {ca.staple(files, {.by_another = true}), "is not signed by the certificate's issuer"},
      {ca.staple(issue()), "is about another certificate"},
      {std::string("\x30\x03\x0a\x01\x03", 5), "refusal"}};
  for (const auto& [response, why] : rows) {
    put(files, response);
    const auto context = server(files);
    EXPECT_THAT(context->warnings(),
                ElementsAre(testing::AllOf(HasSubstr(files.certificate + ".ocsp "), HasSubstr(why),
                                           HasSubstr("it is not stapled"))));
    EXPECT_EQ(stapled(*context), "") << why;
  }
}

TEST_F(Staple, NeedsTheIssuerInTheChain) {
  const auto files = ca.issue("mx.example.org");
  put(files, "x");
  EXPECT_THAT(server(files)->warnings(), ElementsAre(HasSubstr("the issuer is not in")));
}

TEST_F(Staple, ACertificateThatDemandsItIsWarnedOf) {
  const auto files = issue(true);
  EXPECT_THAT(server(files)->warnings(), ElementsAre(HasSubstr("must be stapled (RFC 7633)")));
  EXPECT_THAT(server(files)->describe()[0], HasSubstr("must be stapled"));
  put(files, ca.staple(files));
  EXPECT_THAT(server(files)->warnings(), testing::IsEmpty());
}

// It was good when the file was read.
TEST_F(Staple, EndsWithItsTime) {
  const auto files = issue();
  put(files, ca.staple(files));
  const auto pair = load_pair({files.certificate, files.key});
  const ContextPtr any(SSL_CTX_new(TLS_server_method()));
  const std::unique_ptr<SSL, Releaser<SSL_free>> ssl(SSL_new(any.get()));
  EXPECT_EQ(staple(ssl.get(), *pair, pair->staple_until - Duration(1)), SSL_TLSEXT_ERR_OK);
  EXPECT_EQ(staple(ssl.get(), *pair, pair->staple_until), SSL_TLSEXT_ERR_NOACK);
}

}  // namespace
}  // namespace outrider::tls
