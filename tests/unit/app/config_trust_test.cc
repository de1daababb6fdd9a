#include <gtest/gtest.h>

#include "outrider/app/config.h"

namespace outrider::app {
namespace {

auto load(std::string_view text) {
  return load_config("hostname = \"mx.example.org\"\n" + std::string(text), "x.toml");
}

TEST(TrustTable, LiesBesideTheQueueUnlessToldOtherwise) {
  const auto config = load("[queue]\npath = \"/srv/mail\"\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->trust.path, "/srv/mail.trust");
  const auto told = load("[trust]\npath = \"/srv/known\"\n");
  ASSERT_TRUE(told);
  EXPECT_EQ(told->trust.path, "/srv/known");
}

TEST(MtaStsTable, AsksThePublicWebUnlessToldOtherwise) {
  const auto config = load("");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->trust.sts);
  EXPECT_EQ(config->trust.web.port, 443);
  EXPECT_FALSE(config->trust.web.special_addresses);
}

TEST(MtaStsTable, TakesWhatALaboratoryNeeds) {
  const auto config = load(
      "[mta_sts]\nenabled = false\nwait = \"3s\"\nrefresh = \"2h\"\nca_file = \"/ca.pem\"\n"
      "port = 8443\nspecial_addresses = true\n");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->trust.sts);
  EXPECT_EQ(config->trust.sts_rules.wait, std::chrono::seconds(3));
  EXPECT_EQ(config->trust.sts_rules.refresh, std::chrono::hours(2));
  EXPECT_EQ(config->trust.web.ca_file, "/ca.pem");
  EXPECT_EQ(config->trust.web.port, 8443);
  EXPECT_TRUE(config->trust.web.special_addresses);
}

TEST(MtaStsTable, RefusesAPortThatIsNone) { EXPECT_FALSE(load("[mta_sts]\nport = 65536\n")); }

}  // namespace
}  // namespace outrider::app
