#include "outrider/tls/certificate_choice.h"

#include <gmock/gmock.h>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::HasSubstr;

class Choice : public testing::Test {
 protected:
  KeyPair issue(std::vector<std::string> names,
                CertificateWish::Key kind = CertificateWish::Key::Ecdsa) {
    const auto files = ca.issue({.names = std::move(names), .key = kind});
    return {files.certificate, files.key};
  }
  std::shared_ptr<const ServerContext> server(std::vector<KeyPair> keys) {
    auto context = ServerContext::load({std::move(keys)});
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  // First name of the certificate that somebody gets who asks for `host`, by these algorithms.
  std::string shown(const ServerContext& context, const std::string& host,
                    const std::string& signatures = "") {
    const auto client = ClientContext::load(
        {.ca_file = ca.authority_file(), .parameters = {.signatures = signatures}});
    Pair both(context, **client, host, verdict_for(trust::Level::Opportunistic, {}));
    EXPECT_TRUE(both.shake_hands()) << both.client.error() << both.server.error();
    return both.client.facts().peer_name;
  }

  const std::string ec = "ecdsa_secp256r1_sha256", rsa = "rsa_pss_rsae_sha256";
  test::TestCa ca;
};

TEST_F(Choice, IsByTheNameTheClientAsksFor) {
  const auto context = server({issue({"mx.first.example"}),
                               issue({"mx.a.example", "mail.a.example"}), issue({"*.b.example"})});
  const std::pair<const char*, const char*> rows[] = {
      {"mx.a.example", "mx.a.example"},      {"MAIL.A.example.", "mx.a.example"},
      {"x.b.example", "*.b.example"},        {"b.example", "mx.first.example"},
      {"x.y.b.example", "mx.first.example"}, {"other.example", "mx.first.example"},
      {"192.0.2.1", "mx.first.example"},     {"mx.first.example", "mx.first.example"}};
  for (const auto& [host, name] : rows) EXPECT_EQ(shown(*context, host), name) << host;
}

TEST_F(Choice, HoldsForTls12Too) {
  const auto context = server({issue({"a.example"}), issue({"b.example"})});
  const auto client =
      ClientContext::load({.ca_file = ca.authority_file(), .parameters = {.most = Version::Tls12}});
  Pair both(*context, **client, "b.example", verdict_for(trust::Level::Verify, {"b.example"}));
  EXPECT_TRUE(both.shake_hands()) << both.client.error();
}

TEST_F(Choice, EachNameMayHaveAKeyOfEachKind) {
  const auto context =
      server({issue({"a.example"}), issue({"a.example"}, CertificateWish::Key::Rsa),
              issue({"b.example"}), issue({"*.example"}, CertificateWish::Key::Rsa)});
  EXPECT_EQ(shown(*context, "a.example", ec), "a.example");
  EXPECT_EQ(shown(*context, "a.example", rsa), "a.example");
  EXPECT_EQ(shown(*context, "b.example", ec), "b.example");
  EXPECT_EQ(shown(*context, "b.example", rsa), "*.example") << "the wildcard has the other kind";
}

TEST_F(Choice, AnotherNamesCertificateIsShownOnlyWhereTheNamesOwnIsOfNoUse) {
  const auto context =
      server({issue({"a.example"}), issue({"a.example"}, CertificateWish::Key::Rsa),
              issue({"b.example"})});
  EXPECT_EQ(shown(*context, "b.example", rsa + ":" + ec), "b.example") << "whatever is liked more";
  EXPECT_EQ(shown(*context, "b.example", rsa), "a.example") << "better than no TLS";
}

TEST_F(Choice, ACertificateThatNobodyWouldGetIsAnError) {
  const auto a = issue({"a.example"}), b = issue({"b.example"}), again = issue({"a.example"});
  const auto nameless = issue({});
  const auto context = ServerContext::load({{a, b, again}});
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().text(),
              testing::AllOf(HasSubstr(again.certificate_file + ": would never be shown"),
                             HasSubstr(a.certificate_file + " has a key of the same kind")));
  EXPECT_THAT(ServerContext::load({{a, nameless}}).error().text(), HasSubstr("has no name"));
  EXPECT_TRUE(ServerContext::load({{a, issue({"a.example", "c.example"})}}))
      << "for the other name";
}

TEST_F(Choice, TellsWhetherAHostIsNamed) {
  const auto context = server({issue({"a.example"}), issue({"b.example"}),
                               issue({"a.example"}, CertificateWish::Key::Rsa)});
  EXPECT_TRUE(context->names("a.example"));
  EXPECT_TRUE(context->names("b.example"));
  EXPECT_FALSE(context->names("c.example"));
  EXPECT_EQ(context->describe().size(), 3u);
}

}  // namespace
}  // namespace outrider::tls
