// Routes, and the TLS of each.
#include <gmock/gmock.h>

#include "outrider/app/config.h"
#include "outrider/app/print.h"

namespace outrider::app {
namespace {

using smtp::StartTlsForm;
using testing::ElementsAre;
using testing::HasSubstr;
using tls::Version;

std::expected<Config, Errors> loaded(const std::string& text) {
  return load_config("hostname = \"mx.example.org\"\n" + text, "x.toml");
}

Config load(const std::string& text) {
  auto config = loaded(text);
  EXPECT_TRUE(config) << error_line(config.error().front());
  return config ? std::move(*config) : Config{};
}

std::string error(const std::string& text) {
  const auto config = loaded(text);
  if (config) return "loaded";
  EXPECT_EQ(config.error().size(), 1u) << error_line(config.error().back());
  return error_line(config.error().front());
}

std::string route(const std::string& settings, const std::string& via = "mx") {
  return "[[route]]\ndomain = \"away.example\"\nvia = \"" + via + "\"\n" + settings;
}

const deliver::Route& route_of(const Config& config) {
  return config.routes->route_for({"a", "away.example"});
}

TEST(ConfigRoutes, HaveNoProfileOfTheirOwnWhereNothingIsSaid) {
  const auto config = load(route("tls = \"verify\"\n"));
  EXPECT_EQ(route_of(config).profile, deliver::TlsProfile());
  EXPECT_EQ(config.tls_client_contexts.size(), 1u);
  EXPECT_EQ(config.deliver.start_tls_form, StartTlsForm::Rfc3207);
}

TEST(ConfigRoutes, MayPinPublicKeys) {
  const std::string pin(64, 'a');
  const auto pins = "tls_fingerprints = \"SHA256:" + pin + "\"\n";
  const auto config = load(route("tls = \"fingerprint\"\n" + pins));
  EXPECT_THAT(route_of(config).profile.pins, ElementsAre(pin));
  EXPECT_NE(route_of(config).profile.mark(), "");
  EXPECT_THAT(error(route("tls = \"fingerprint\"\n")), HasSubstr("needs tls_fingerprints"));
  EXPECT_THAT(error(route("tls = \"dane\"\n" + pins)), HasSubstr("is of no use without"));
  EXPECT_THAT(error("[delivery]\ntls = \"fingerprint\"\n"), HasSubstr("is of a [[route]]"));
}

TEST(ConfigRoutes, H7_MaySpeakTheDraft) {
  EXPECT_EQ(route_of(load(route("starttls = \"draft-hoffman\"\n"))).profile.form,
            StartTlsForm::DraftHoffman);
  EXPECT_EQ(route_of(load(route("starttls = \"both\"\n"))).profile.form, StartTlsForm::Both);
  EXPECT_EQ(load("[delivery]\nstarttls = \"both\"\n").deliver.start_tls_form, StartTlsForm::Both);
  EXPECT_THAT(error(route("starttls = \"1997\"\n")), HasSubstr("x.toml:5:"));
}

TEST(ConfigRoutes, T6_MayHaveVersionsAndListsOfTheirOwn) {
  const auto config =
      load("[tls]\npadding = 512\n[delivery]\nminimum_version = \"1.3\"\n" +
           route("minimum_version = \"1.0\"\ngroups = [\"X25519\"]\ntickets = false\n"));
  const auto& own = route_of(config).profile.parameters;
  ASSERT_TRUE(own);
  EXPECT_EQ(own->least, Version::Tls10);
  EXPECT_EQ(own->groups, "X25519");
  EXPECT_FALSE(own->tickets);
  EXPECT_EQ(own->padding, 512u) << "as [tls] has it";
  EXPECT_EQ(config.tls_client.parameters.least, Version::Tls13) << "as [delivery] has it";
  EXPECT_EQ(config.tls_client_contexts.size(), 2u);
  EXPECT_NE(config.tls_client_contexts.find(own).context, nullptr);
}

TEST(ConfigRoutes, T6_WhatIsAllowedForOneIsAllowedNowhereElse) {
  const auto config = load(route("minimum_version = \"1.0\"\n"));
  EXPECT_EQ(config.tls_client.parameters.least, Version::Tls12);
  EXPECT_EQ(config.routes->route_for({"a", "other.example"}).profile, deliver::TlsProfile());
}

TEST(ConfigRoutes, ShareAContextWhereTheyAreAlike) {
  const auto config =
      load(route("minimum_version = \"1.3\"\n") +
           "[[route]]\ndomain = \"b.example\"\nvia = \"mx\"\nminimum_version = \"1.3\"\n");
  EXPECT_EQ(config.tls_client_contexts.size(), 2u);
}

TEST(ConfigRoutes, TakeNamesThatAreVerified) {
  const auto config =
      load(route("tls = \"verify\"\ntls_names = [\"MX.Example.net\", \"b.example\"]\n"));
  EXPECT_THAT(route_of(config).profile.names, ElementsAre("mx.example.net", "b.example"));
  EXPECT_THAT(error(route("tls = \"verify\"\ntls_names = \"a b\"\n")),
              HasSubstr("x.toml:6:13: error: tls_names: \"a b\" is no domain name"));
  EXPECT_THAT(error(route("tls_names = \"mx.example.net\"\n")),
              HasSubstr("is of no use without tls = \"verify\""));
}

TEST(ConfigRoutes, SettingsOfTlsAreOfNoUseWithoutIt) {
  for (const std::string setting : {"starttls = \"both\"\n", "minimum_version = \"1.3\"\n"}) {
    EXPECT_THAT(error(route("tls = \"none\"\n" + setting)), HasSubstr("is of no use"));
    EXPECT_THAT(error(route(setting, "maildir:/mail/{user}")), HasSubstr("is of no use"));
    EXPECT_THAT(error(route(setting, "lmtp:unix:/run/lmtp")), HasSubstr("is of no use"));
  }
}

TEST(ConfigRoutes, AnUnknownItemIsNamedWhereItStands) {
  EXPECT_THAT(error(route("groups = \"X25518\"\n")), HasSubstr("x.toml:5:10: error: groups: "));
  EXPECT_THAT(error("[delivery]\nsuites = \"TLS_NONE\"\n"),
              HasSubstr("x.toml:3:10: error: suites: "));
  EXPECT_THAT(error(route("minimum_version = \"1.3\"\nmaximum_version = \"1.2\"\n")),
              HasSubstr("x.toml:5:19: error: minimum_version: is newer"));
}

TEST(ConfigRoutes, L7_L9_HistoryOfTlsIsSet) {
  const auto usual = load("").deliver.tls_history;
  EXPECT_EQ(usual, trust::HistoryRules());
  const auto own =
      load("[delivery]\ntls_memory = \"7d\"\ntls_gone_wait = \"0s\"\n").deliver.tls_history;
  EXPECT_EQ(own.memory, std::chrono::hours(24 * 7));
  EXPECT_EQ(own.wait, Duration(0));
}

}  // namespace
}  // namespace outrider::app
