// Covers: app/config_receive.cc
#include "outrider/app/config.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "folder.h"
#include "outrider/app/print.h"
#include "support/test_ca.h"

namespace outrider::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view name = "hostname = \"mx.example.org\"\n";

std::vector<std::string> errors_of(std::string_view toml) {
  const auto config = load_config(toml, "x.toml");
  std::vector<std::string> lines;
  if (!config)
    for (const auto& error : config.error()) lines.push_back(error_line(error));
  return lines;
}

std::string error_of(std::string_view toml) {
  const auto lines = errors_of(std::string(name) + std::string(toml));
  return lines.size() == 1 ? lines.front() : std::to_string(lines.size()) + " errors";
}

TEST(LoadConfig, AHostNameAndADomainMakeASaneMx) {
  const auto config = load_config(
      "hostname = \"MX.example.org\"\n[[listener]]\naddress = \"0.0.0.0:25\"\n"
      "[[domain]]\nname = \"example.org\"\nusers = \"ada\"\ndeliver = \"maildir:/m/{user}\"\n",
      "/etc/x.toml");
  ASSERT_TRUE(config) << error_line(config.error().front());
  EXPECT_EQ(config->hostname, "mx.example.org");
  ASSERT_EQ(config->receive.listeners.size(), 1u);
  const auto& listener = config->receive.listeners[0];
  EXPECT_EQ(listener.role, receive::Role::Mx);
  EXPECT_EQ(listener.smtp.limits.message_size, 50u << 20);
  EXPECT_EQ(listener.smtp.line_ends, smtp::LineEnds::Strict);
  EXPECT_EQ(config->receive.relay_networks.size(), 2u);
  EXPECT_EQ(config->deliver.tls, trust::Level::Opportunistic);
  EXPECT_EQ(config->deliver.notices.lifetime, Duration(120h));
  EXPECT_GE(config->service.threads, 1u);
  ASSERT_EQ(config->warnings.size(), 1u);
  EXPECT_THAT(config->warnings[0], HasSubstr("without TLS"));
}

// The schema's defaults and those of the modules' structs are one and the same.
TEST(LoadConfig, DefaultsAreThoseOfTheModules) {
  const auto config =
      load_config(std::string(name) + "[[listener]]\naddress = \"127.0.0.1:25\"\n", "x.toml");
  ASSERT_TRUE(config);
  const deliver::Options deliver;
  EXPECT_EQ(config->deliver.concurrency, deliver.concurrency);
  EXPECT_EQ(config->deliver.reuse, deliver.reuse);
  EXPECT_EQ(config->deliver.time, deliver.time);
  EXPECT_EQ(config->deliver.dead, deliver.dead);
  EXPECT_EQ(config->deliver.maildir, deliver.maildir);
  EXPECT_EQ(config->deliver.recipients, deliver.recipients);
  EXPECT_EQ(config->deliver.hosts, deliver.hosts);
  EXPECT_EQ(config->receive.limits, receive::ConnectionLimits{});
  EXPECT_EQ(config->receive.listeners[0].time, receive::TimeLimits{});
  EXPECT_EQ(config->receive.listeners[0].header, receive::HeaderLimits{});
  const smtp::ServerLimits limits;
  EXPECT_EQ(config->receive.listeners[0].smtp.limits.recipients, limits.recipients);
  EXPECT_EQ(config->receive.listeners[0].smtp.limits.errors, limits.errors);
  const queue::Options queue;
  EXPECT_EQ(config->queue.least_free_bytes, queue.least_free_bytes);
  EXPECT_EQ(config->queue.retry.lifetime, queue.retry.lifetime);
  EXPECT_EQ(config->queue.retry.longest, queue.retry.longest);
  EXPECT_EQ(config->dns.timeout, dns::Options{}.timeout);
}

TEST(LoadConfig, ListsErrorsOfEveryKindInTheOrderOfTheFile) {
  EXPECT_THAT(
      errors_of("[queue]\nlifetime = 5\nretry_first = \"5h\"\n[console]\nsokcet = \"x\"\n"
                "[[domain]]\nname = \"a b\"\n[relay]\nnetworks = [\"10.0.0.0/99\"]\n"),
      ElementsAre(HasSubstr("x.toml: error: hostname: is needed"),
                  HasSubstr("x.toml:2:12: error: \"lifetime\" must be a duration"),
                  HasSubstr("x.toml:3:15: error: retry_first: is longer than"),
                  HasSubstr("x.toml:5:1: error: unknown key \"sokcet\""),
                  HasSubstr("x.toml:6:1: error: deliver: is needed"),
                  HasSubstr("x.toml:7:8: error: name: is no domain name"),
                  HasSubstr("x.toml:9:12: error: networks: \"10.0.0.0/99\" is no network")));
}

TEST(LoadConfig, ABrokenValueIsOneErrorOnly) {
  EXPECT_THAT(errors_of("hostname = 5\n"), ElementsAre(HasSubstr("\"hostname\" must be a text")));
}

TEST(LoadConfig, RefusesContradictions) {
  EXPECT_THAT(error_of("[queue]\nretry_first = \"5h\"\n"),
              HasSubstr("x.toml:3:15: error: retry_first"));
  EXPECT_THAT(error_of("[queue]\ndelay_notice = \"5d\"\n"), HasSubstr("\"0s\" sends none"));
  EXPECT_THAT(error_of("[delivery]\nconcurrency_first = 30\n"),
              HasSubstr("more than concurrency_most"));
  EXPECT_THAT(error_of("[service]\ngroup = \"root\"\n"), HasSubstr("needs a user"));
  EXPECT_THAT(error_of("[[listener]]\naddress = \"1.2.3.4:25\"\ntls = \"starttls\"\n"),
              HasSubstr("x.toml:4:7: error: tls: needs a certificate"));
  EXPECT_THAT(error_of("[[listener]]\naddress = \"1.2.3.4:25\"\nproxy_protocol = true\n"),
              HasSubstr("needs proxy_trusted"));
  EXPECT_THAT(error_of("[tls]\nkey = [\"a\", \"b\"]\n"), HasSubstr("as many keys as certificates"));
  EXPECT_THAT(error_of("[[listener]]\naddress = \"1.2.3.4:25\"\n[[listener]]\nname = \"b\"\n"
                       "address = \"1.2.3.4:25\"\n"),
              HasSubstr("x.toml:6:11: error: two listeners have the address 1.2.3.4:25"));
}

TEST(LoadConfig, RefusesNamesThatNobodyHas) {
  EXPECT_THAT(error_of("[service]\nuser = \"no-such-user\"\n"),
              HasSubstr("no user \"no-such-user\""));
  EXPECT_THAT(error_of("[console]\ngroup = \"no-such\"\n"), HasSubstr("no group \"no-such\""));
  EXPECT_THAT(error_of("[[listener]]\naddress = \"everywhere\"\n"), HasSubstr("is no address"));
  EXPECT_THAT(error_of("[[listener]]\naddress = \"unix:/s\"\nsocket_mode = \"rw\"\n"),
              HasSubstr("\"rw\" is no mode"));
  EXPECT_THAT(error_of("[[route]]\ndomain = \"a.example\"\nvia = \"pigeon://x\"\n"),
              HasSubstr("x.toml:4:7: error: via:"));
  EXPECT_THAT(error_of("[delivery]\npostmaster = \"nobody\"\n"),
              HasSubstr("\"nobody\" is no address"));
  EXPECT_THAT(error_of("[delivery]\nown_addresses = [\"x\"]\n"), HasSubstr("\"x\" is no address"));
}

TEST(LoadConfig, ALimitOfAListenerIsItsOwn) {
  const auto config = load_config(
      std::string(name) +
          "[limits]\nrecipients = 200\nerrors = 7\n[[listener]]\n"
          "address = \"127.0.0.1:1\"\n[[listener]]\naddress = \"127.0.0.1:2\"\nrecipients = 300\n",
      "x.toml");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->receive.listeners[0].smtp.limits.recipients, 200u);
  EXPECT_EQ(config->receive.listeners[1].smtp.limits.recipients, 300u);
  EXPECT_EQ(config->receive.listeners[1].smtp.limits.errors, 7u);
}

TEST(LoadConfig, LoadsCertificatesAndFindsTheKeyThatDoesNotFit) {
  test::TestCa ca;
  const auto files = ca.issue("mx.example.org"), other = ca.issue("other.example");
  const auto toml = [&](const std::string& key) {
    return std::string(name) + "[tls]\ncertificate = \"" + files.certificate + "\"\nkey = \"" +
           key + "\"\n[[listener]]\naddress = \"127.0.0.1:25\"\n";
  };
  const auto good = load_config(toml(files.key), "x.toml");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->receive.listeners[0].tls, receive::TlsMode::StartTls);
  EXPECT_TRUE(good->receive.listeners[0].smtp.offer_starttls);
  EXPECT_TRUE(good->warnings.empty());
  EXPECT_THAT(errors_of(toml(other.key)), ElementsAre(HasSubstr("the key does not fit")));
}

TEST(LoadConfig, ErrorsOfAliasesHaveTheirOwnPlace) {
  const Folder folder;
  const auto aliases = folder.write("aliases", "ada: |/bin/sh\n");
  EXPECT_THAT(error_of("[[domain]]\nname = \"example.org\"\naliases = \"" + aliases +
                       "\"\ndeliver = \"discard\"\n"),
              HasSubstr(aliases + ":1"));
}

TEST(LoadConfig, RoutesAndDomainsShareTheirSyntax) {
  const auto config = load_config(std::string(name) +
                                      "[[domain]]\nname = \"bücher.example\"\nusers = \"*\"\n"
                                      "deliver = \"lmtp:unix:/run/l\"\n[[route]]\ndomain = \"*\"\n"
                                      "via = \"smtp://[10.0.0.5]:2525\"\ntls = \"encrypt\"\n",
                                  "x.toml");
  ASSERT_TRUE(config) << error_line(config.error().front());
  const auto& local = config->routes->route_for(Address{"ada", "xn--bcher-kva.example"});
  EXPECT_EQ(local.socket, "/run/l");
  const auto& rest = config->routes->route_for(Address{"x", "elsewhere.example"});
  EXPECT_EQ(rest.port, 2525);
  EXPECT_EQ(rest.tls, trust::Level::Encrypt);
}

TEST(LoadConfig, NamesTheFileThatIsNotThere) {
  const auto config = load_config(std::string("/nowhere/outrider.toml"));
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().front().text(), HasSubstr("/nowhere/outrider.toml"));
}

TEST(ControlSocket, IsFoundInAConfigurationWithOtherErrors) {
  const Folder folder;
  const auto file = folder.write(
      "x.toml", "bogus = 1\n[console]\nsocket = \"control\"\n[tls]\ncertificate = \"none.pem\"\n");
  EXPECT_EQ(control_socket(file), folder.file("control"));
}

}  // namespace
}  // namespace outrider::app
