#include "outrider/app/renewal.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/test_ca.h"

namespace outrider::app {
namespace {

using test::CertificateWish;
using testing::HasSubstr;

class Renewal : public testing::Test {
 protected:
  Config load(const std::string& more = "") {
    auto config = load_config("hostname = \"mx.example.org\"\n[tls]\ncertificate = \"" +
                                  files.certificate + "\"\nkey = \"" + files.key + "\"\n" + more +
                                  "[[listener]]\naddress = \"127.0.0.1:1\"\n"
                                  "[[listener]]\naddress = \"127.0.0.1:2\"\ntls = \"none\"\n",
                              "x.toml");
    EXPECT_TRUE(config) << config.error().front().text();
    return std::move(*config);
  }

  test::TestCa ca;
  test::TestCa::Files files = ca.issue("mx.example.org");
};

TEST_F(Renewal, TakesTheNewCertificate) {
  const auto config = load();
  ca.replace(files, {.names = {"new.example.org"}});
  const auto renewed = renew_contexts(config);
  ASSERT_TRUE(renewed) << renewed.error().text();
  ASSERT_EQ(renewed->servers.size(), 2u);
  EXPECT_THAT(renewed->servers[0]->describe()[0], HasSubstr("CN=new.example.org"));
  EXPECT_EQ(renewed->servers[1], nullptr);
  EXPECT_EQ(renewed->client.usual().context, nullptr);
  EXPECT_THAT(config.receive.listeners[0].tls_context->describe()[0], HasSubstr("CN=mx."));
}

TEST_F(Renewal, RefusesWhatCannotBeUsed) {
  const auto config = load();
  std::ofstream(files.key) << "no key\n";
  const auto renewed = renew_contexts(config);
  ASSERT_FALSE(renewed);
  EXPECT_THAT(renewed.error().text(), HasSubstr(files.key + ": no private key"));
}

TEST_F(Renewal, AnExpiredCertificateDoesNotReplaceAGoodOne) {
  const auto config = load();
  ca.replace(files, {.names = {"mx.example.org"}, .age = CertificateWish::Age::Expired});
  const auto renewed = renew_contexts(config);
  ASSERT_FALSE(renewed);
  EXPECT_THAT(renewed.error().text(), HasSubstr(files.certificate + ": has expired"));
  const auto next = load();
  EXPECT_EQ(new_faults(config, next).size(), 1u);
  EXPECT_TRUE(new_faults(next, next).empty()) << "a server that bears it can be reloaded";
  EXPECT_TRUE(renew_contexts(next)) << "and may get another expired one";
}

TEST_F(Renewal, MakesTheClientsContextWhereItHasFiles) {
  const auto config = load("ca_file = \"" + ca.authority_file() + "\"\n");
  const auto renewed = renew_contexts(config);
  ASSERT_TRUE(renewed);
  const auto& context = renewed->client.usual().context;
  EXPECT_NE(context, nullptr);
  EXPECT_NE(context, config.tls_client_contexts.usual().context);
}

}  // namespace
}  // namespace outrider::app
