#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outrider/app/config.h"
#include "outrider/app/print.h"

namespace outrider::app {
namespace {

using dns::Validation;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

auto load(std::string_view dns) {
  return load_config("hostname = \"mx.example.org\"\n[dns]\n" + std::string(dns), "x.toml");
}

std::vector<std::string> warnings(const Config& config) {
  std::vector<std::string> found;
  for (const auto& warning : config.warnings) {
    if (warning.contains("validation")) found.push_back(warning);
  }
  return found;
}

TEST(DnsTable, ValidatesByItselfUnlessToldOtherwise) {
  const auto config = load("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->dns.validation, Validation::Own);
}

TEST(DnsTable, TakesEachWayToValidate) {
  const std::pair<const char*, Validation> rows[] = {
      {"own", Validation::Own}, {"resolver", Validation::Resolver}, {"both", Validation::Both}};
  for (const auto& [word, validation] : rows) {
    const auto config =
        load("forwarders = [\"127.0.0.1@5353\"]\nvalidation = \"" + std::string(word) + "\"\n");
    ASSERT_TRUE(config) << word;
    EXPECT_EQ(config->dns.validation, validation) << word;
    EXPECT_THAT(config->dns.forwarders, ElementsAre("127.0.0.1@5353"));
    EXPECT_THAT(warnings(*config), IsEmpty()) << word;
  }
}

TEST(DnsTable, RefusesAForwarderThatIsNoAddress) {
  const auto config = load("forwarders = [\"192.0.2.53\", \"dns.example\", \"192.0.2.53:53\"]\n");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 2U);
  EXPECT_THAT(error_line(config.error().front()),
              testing::AllOf(HasSubstr("x.toml:3:"), HasSubstr("\"dns.example\" is no address")));
}

TEST(DnsTable, RefusesToBelieveNobodyInParticular) {
  for (const auto* word : {"resolver", "both"}) {
    const auto config = load("validation = \"" + std::string(word) + "\"\n");
    ASSERT_FALSE(config) << word;
    ASSERT_EQ(config.error().size(), 1U);
    EXPECT_THAT(error_line(config.error().front()),
                testing::AllOf(HasSubstr("x.toml:3:"), HasSubstr("needs forwarders")));
  }
}

TEST(DnsTable, RefusesAHostsFileThatTheForwardersDoNotKnow) {
  const auto config =
      load("forwarders = [\"127.0.0.1\"]\nvalidation = \"both\"\nhosts_file = \"/etc/hosts\"\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(error_line(config.error().front()), HasSubstr("goes without hosts_file"));
}

// RFC 4035 §4.9.3
TEST(DnsTable, WarnsOfAWordThatComesByAnUnsafeWay) {
  const std::string forwarders = "forwarders = [\"::1\", \"192.0.2.53@5353\"]\n";
  const auto believed = load(forwarders + "validation = \"resolver\"\n");
  ASSERT_TRUE(believed);
  EXPECT_THAT(warnings(*believed),
              ElementsAre(testing::AllOf(HasSubstr("x.toml:4:"), HasSubstr("192.0.2.53"))));
  // Our own validation stands beside it: whoever forges the one is found out by the other.
  const auto both = load(forwarders + "validation = \"both\"\n");
  ASSERT_TRUE(both);
  EXPECT_THAT(warnings(*both), IsEmpty());
}

}  // namespace
}  // namespace outrider::app
