#include "outrider/app/config_tls.h"

#include <gmock/gmock.h>

#include "outrider/app/print.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using tls::Version;

class ConfigTls : public testing::Test {
 protected:
  static void SetUpTestSuite() { ca = new test::TestCa; }
  static void TearDownTestSuite() { delete std::exchange(ca, nullptr); }

  static std::string text(const std::string& tls, const std::string& listener = "") {
    static const auto files = ca->issue("mx.example.org");
    return "hostname = \"mx.example.org\"\n[tls]\ncertificate = \"" + files.certificate +
           "\"\nkey = \"" + files.key + "\"\n" + tls +
           "\n[[listener]]\naddress = \"127.0.0.1:25\"\n" + listener;
  }
  static Config load(const std::string& tls, const std::string& listener = "") {
    auto config = load_config(text(tls, listener), "x.toml");
    EXPECT_TRUE(config) << error_line(config.error().front());
    return config ? std::move(*config) : Config{};
  }
  static std::string error(const std::string& tls, const std::string& listener = "") {
    const auto config = load_config(text(tls, listener), "x.toml");
    if (config) return "loaded";
    EXPECT_EQ(config.error().size(), 1u) << error_line(config.error().back());
    return error_line(config.error().front());
  }

  static inline test::TestCa* ca = nullptr;
};

TEST_F(ConfigTls, DefaultsAreThoseOfTheModule) {
  const auto config = load("");
  EXPECT_EQ(config.tls_files.servers.at(0).parameters, tls::Parameters{});
  EXPECT_EQ(config.tls_client.parameters, tls::Parameters{});
  EXPECT_EQ(config.tls_files.watch, std::chrono::minutes(1));
  EXPECT_EQ(config.tls_files.ticket_keys->lifetime(), std::chrono::hours(6));
  EXPECT_FALSE(config.tls_files.servers[0].ask_client);
}

TEST_F(ConfigTls, T6_AListenerMayDifferFromTheRest) {
  const auto config =
      load("minimum_version = \"1.3\"\ngroups = [\"X25519\", \"P-256\"]\npadding = 512\n",
           "minimum_version = \"1.0\"\nmaximum_version = \"1.2\"\ntickets = false\npadding = 0\n");
  const auto& listener = config.tls_files.servers.at(0).parameters;
  EXPECT_EQ(listener.least, Version::Tls10);
  EXPECT_EQ(listener.most, Version::Tls12);
  EXPECT_EQ(listener.groups, "X25519:P-256");
  EXPECT_EQ(listener.padding, 0u);
  EXPECT_FALSE(listener.tickets);
  EXPECT_EQ(config.tls_client.parameters.least, Version::Tls13);
  EXPECT_EQ(config.tls_client.parameters.padding, 512u);
  EXPECT_THAT(config.receive.listeners.at(0).smtp.tls_tokens,
              ElementsAre("TLS1.0", "TLS1.1", "TLS1.2"));
}

TEST_F(ConfigTls, AnUnknownItemIsNamedWhereItStands) {
  EXPECT_THAT(error("groups = [\"X25519\", \"X25518\"]"),
              testing::AllOf(HasSubstr("x.toml:5:10: error: groups: \"X25518\" is not known"),
                             HasSubstr("TLS groups")));
  EXPECT_THAT(error("", "suites = \"TLS_NONE\""), HasSubstr("x.toml:8:10: error: suites: "));
  EXPECT_THAT(error("ciphers = \"ECDHE-RSA-AES128-GCM-SHA256:NONE\""), HasSubstr("\"NONE\""));
  EXPECT_THAT(error("signatures = \"rsa_md2\""), HasSubstr("\"rsa_md2\""));
  EXPECT_THAT(error("ciphers = \"ALL:eNULL\""), HasSubstr("does not encrypt"));
}

TEST_F(ConfigTls, VersionsMustLeaveOne) {
  EXPECT_THAT(error("minimum_version = \"1.3\"\nmaximum_version = \"1.2\""),
              HasSubstr("minimum_version: is newer than maximum_version"));
  EXPECT_THAT(error("", "minimum_version = \"1.3\"\nmaximum_version = \"1.2\""),
              HasSubstr("x.toml:8:"));
}

TEST_F(ConfigTls, WithoutTlsItsSettingsAreOfNoUse) {
  for (const std::string setting : {"groups = \"X25519\"", "minimum_version = \"1.3\"",
                                    "client_ca_file = \"ca.pem\"", "certificate = \"mx.pem\""})
    EXPECT_THAT(error("", "tls = \"none\"\n" + setting + "\n"), HasSubstr("is of no use with tls"))
        << setting;
}

TEST_F(ConfigTls, H6_ClientsAreAskedForCertificates) {
  const auto config = load(
      "", "client_certificates = \"ask\"\nclient_ca_file = \"" + ca->authority_file() + "\"\n");
  EXPECT_TRUE(config.tls_files.servers.at(0).ask_client);
  EXPECT_EQ(config.tls_files.servers[0].client_ca_file, ca->authority_file());
  EXPECT_THAT(error("", "client_ca_file = \"/nowhere.pem\""), HasSubstr("is of no use"));
  EXPECT_THAT(error("", "client_certificates = \"ask\"\nclient_ca_file = \"/nowhere.pem\""),
              HasSubstr("x.toml:9:18: error: client_ca_file: "));
}

TEST_F(ConfigTls, ServersAreShownACertificate) {
  const auto mine = ca->issue("client.example.org");
  const auto config = load("client_certificate = \"" + mine.certificate + "\"\nclient_key = \"" +
                           mine.key + "\"\n");
  ASSERT_TRUE(config.tls_client.key);
  EXPECT_EQ(config.tls_client.key->key_file, mine.key);
  EXPECT_THAT(error("client_key = \"" + mine.key + "\""), HasSubstr("needs client_certificate"));
  EXPECT_THAT(error("client_certificate = \"/nowhere.pem\""),
              HasSubstr("error: client_certificate: "));
}

TEST_F(ConfigTls, EachListenerIsAServiceOfItsOwn) {
  const auto config =
      load("", "name = \"a\"\n[[listener]]\nname = \"b\"\naddress = \"[::1]:25\"\n");
  ASSERT_EQ(config.tls_files.servers.size(), 2u);
  EXPECT_EQ(config.tls_files.servers[0].service, "a");
  EXPECT_EQ(config.tls_files.servers[1].service, "b");
  EXPECT_EQ(config.tls_files.servers[0].ticket_keys, config.tls_files.servers[1].ticket_keys);
}

TEST_F(ConfigTls, T4_TicketKeysOutliveAReloadThatKeepsTheirLifetime) {
  const auto config = load("");
  const auto& keys = config.tls_files.ticket_keys;
  EXPECT_EQ(load_config(text(""), "x.toml", keys)->tls_files.ticket_keys, keys);
  EXPECT_NE(
      load_config(text("ticket_key_lifetime = \"1h\""), "x.toml", keys)->tls_files.ticket_keys,
      keys);
}

TEST_F(ConfigTls, AnExpiredCertificateKeepsNobodyFromStarting) {
  const auto old =
      ca->issue({.names = {"mx.example.org"}, .age = test::CertificateWish::Age::Expired});
  const auto config =
      load("", "certificate = \"" + old.certificate + "\"\nkey = \"" + old.key + "\"\n");
  ASSERT_EQ(config.faults.size(), 1u);
  EXPECT_THAT(error_line(config.faults[0]),
              HasSubstr("x.toml:8:15: error: " + old.certificate + " has expired"));
  EXPECT_EQ(config.receive.listeners.at(0).tls, receive::TlsMode::StartTls);
}

TEST_F(ConfigTls, ACertificateThatNoListenerUsesIsLookedAt) {
  EXPECT_THAT(error("", "certificate = \"/nowhere.pem\""), HasSubstr("/nowhere.pem"));
  const auto config = load_config(
      "hostname = \"mx.example.org\"\n[tls]\ncertificate = \"/nowhere.pem\"\n", "x.toml");
  ASSERT_FALSE(config);
  EXPECT_THAT(error_line(config.error()[0]), HasSubstr("/nowhere.pem"));
}

TEST_F(ConfigTls, ListsTheFilesItWasMadeOf) {
  const auto mine = ca->issue("other.example.org");
  const auto config =
      load("ca_file = \"" + ca->authority_file() + "\"\n",
           "certificate = \"" + mine.certificate + "\"\nkey = \"" + mine.key + "\"\n");
  EXPECT_THAT(files_of(config), ElementsAre(mine.certificate, mine.key, mine.certificate + ".ocsp",
                                            ca->authority_file()));
}

TEST_F(ConfigTls, TheGroupsInUseAreNoted) {
  EXPECT_THAT(load("").notes, testing::Contains(HasSubstr("groups X25519")));
  EXPECT_THAT(load("kernel = true").notes, testing::Contains(HasSubstr("groups")));
}

}  // namespace
}  // namespace outrider::app
