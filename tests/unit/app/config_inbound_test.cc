#include <gmock/gmock.h>

#include "folder.h"
#include "outrider/app/config.h"
#include "outrider/app/print.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string with_certificate(const test::TestCa::Files& files, std::string_view more) {
  return "hostname = \"mx.example.org\"\n[tls]\ncertificate = \"" + files.certificate +
         "\"\nkey = \"" + files.key + "\"\n" + std::string(more);
}

TEST(InboundPolicy, L1_ForbiddenCombinationsAreExplained) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org");
  const std::pair<std::string, std::string> rows[] = {
      {"[[listener]]\naddress = \"0.0.0.0:25\"\nrequire_tls = \"always\"\n",
       "require_tls: \"always\" with role = \"mx\": a publicly referenced server"},
      {"[[listener]]\naddress = \"0.0.0.0:25\"\nclient_certificates = \"require\"\n",
       "client_certificates: \"require\" with role = \"mx\": a publicly referenced"},
      {"[[listener]]\naddress = \"0.0.0.0:25\"\ntls = \"implicit\"\n",
       "tls: \"implicit\" on port 25: a publicly referenced"},
      {"[[listener]]\naddress = \"0.0.0.0:25\"\ntls = \"none\"\nrequire_tls = \"unlisted\"\n",
       "require_tls: needs TLS, and this listener has none"},
      {"[[partner]]\ntls = \"encrypt\"\n", "domain: is needed, or networks"},
      {"[[partner]]\ndomain = \"x.example\"\ntls = \"verify\"\n",
       "\"verify\" needs certificates or certificate_names"},
      {"[relay]\ncertificates = [\"12:34\"]\n", "\"12:34\" is no SHA-256"},
  };
  for (const auto& [toml, error] : rows) {
    const auto config = load_config(with_certificate(files, toml), "x.toml");
    ASSERT_FALSE(config) << toml;
    ASSERT_EQ(config.error().size(), 1u) << toml;
    EXPECT_THAT(error_line(config.error().front()), HasSubstr(error));
  }
}

TEST(InboundPolicy, IsTakenFromTheFile) {
  test::TestCa ca;
  const std::string digest(64, 'a');
  const auto config =
      load_config(with_certificate(
                      ca.issue("mx.example.org"),
                      "[[listener]]\naddress = \"0.0.0.0:587\"\nrole = \"submission\"\n"
                      "require_tls = \"always\"\nclient_certificates = \"require\"\n"
                      "starttls = \"both\"\n"
                      "[relay]\ncertificates = [\"SHA256:" +
                          std::string(64, 'A') +
                          "\"]\ncertificate_names = [\"a.example\"]\n"
                          "[[partner]]\ndomain = \".Bank.example\"\nnetworks = [\"192.0.2.0/24\"]\n"
                          "[dns]\nlisted_time = \"500ms\"\n"
                          "[delivery]\nown_names = [\"MX2.example.org\"]\n"),
                  "x.toml");
  ASSERT_TRUE(config) << error_line(config.error().front());
  const auto& listener = config->receive.listeners.at(0);
  EXPECT_EQ(listener.require_tls, trust::TlsDemand::Always);
  EXPECT_EQ(listener.client_certificates, receive::ClientCertificates::Require);
  EXPECT_EQ(listener.smtp.start_tls_form, smtp::StartTlsForm::Both);
  EXPECT_THAT(listener.smtp.tls_tokens, ElementsAre("TLS1.2", "TLS1.3"));
  EXPECT_THAT(config->receive.relay_certificates.digests, ElementsAre(digest));
  EXPECT_THAT(config->receive.relay_certificates.names, ElementsAre("a.example"));
  ASSERT_EQ(config->receive.partners.size(), 1u);
  EXPECT_EQ(config->receive.partners[0].domain, ".bank.example");
  EXPECT_EQ(config->receive.partners[0].demand, trust::PartnerDemand::Encrypt);
  EXPECT_EQ(config->receive.listing.patience, std::chrono::milliseconds(500));
  EXPECT_THAT(config->receive.listing.own_names, ElementsAre("mx2.example.org", "mx.example.org"));
}

TEST(InboundPolicy, DefaultsAreThoseOfTheModule) {
  const auto config =
      load_config("hostname = \"mx.example.org\"\n[[listener]]\naddress = \"127.0.0.1:25\"\n", "x");
  ASSERT_TRUE(config);
  const receive::ListenerOptions listener;
  EXPECT_EQ(config->receive.listeners[0].require_tls, listener.require_tls);
  EXPECT_EQ(config->receive.listeners[0].client_certificates, listener.client_certificates);
  EXPECT_EQ(config->receive.listing.patience, receive::ListingOptions{}.patience);
}

}  // namespace
}  // namespace outrider::app
