#include "outrider/dns/unbound_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::dns {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string config_of(const Options& options) {
  const auto config = unbound_config(options);
  return config ? *config : "error: " + config.error().text();
}

TEST(UnboundConfig, TrustsTheRootWhereNoFileIsNamed) {
  EXPECT_THAT(config_of({}), testing::AnyOf(HasSubstr("trust-anchor: \". DS 20326 8 2 "),
                                            HasSubstr("trust-anchor-file: \"/usr/share/dns/")));
}

TEST(UnboundConfig, AsksTheRootWithoutForwarders) {
  EXPECT_THAT(config_of({}), Not(HasSubstr("forward-zone")));
  EXPECT_THAT(config_of({}), Not(HasSubstr("unblock-lan-zones")));
}

TEST(UnboundConfig, SendsAllToTheForwarders) {
  Options options;
  options.forwarders = {"192.0.2.53", "2001:db8::53@5353"};
  const auto config = config_of(options);
  EXPECT_THAT(config, HasSubstr("  forward-addr: 192.0.2.53@53\n"));
  EXPECT_THAT(config, HasSubstr("  forward-addr: 2001:db8::53@5353\n"));
  EXPECT_THAT(config, Not(HasSubstr("do-not-query-localhost")));
}

TEST(UnboundConfig, AsksLoopbackOnlyWhereAForwarderIsThere) {
  Options options;
  options.forwarders = {"127.0.0.1@5353"};
  EXPECT_THAT(config_of(options), HasSubstr("do-not-query-localhost: no"));
}

TEST(UnboundConfig, PutsOptionsOfExpertsIntoTheServerClause) {
  Options options;
  options.forwarders = {"192.0.2.53"};
  options.unbound_options = {"local-zone: \"test.\" nodefault"};
  EXPECT_THAT(config_of(options), HasSubstr("server:\n  local-zone: \"test.\" nodefault\n"));
}

TEST(UnboundConfig, NamesTheForwarderThatIsNone) {
  for (const auto* text :
       {"dns.example", "192.0.2.53@", "192.0.2.53@0", "192.0.2.53@65536", "192.0.2.53\n", ""}) {
    Options options;
    options.forwarders = {text};
    const auto config = unbound_config(options);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().blame, Blame::Operator);
    EXPECT_THAT(config.error().text(), HasSubstr("address@port"));
  }
}

TEST(UnboundConfig, LetsNoOptionBecomeAnother) {
  Options options;
  options.unbound_options = {"verbosity: 1\nchroot: \"/\""};
  EXPECT_FALSE(unbound_config(options));
  options.unbound_options.clear();
  options.trust_anchor_files = {"/etc/hosts\"\n  chroot: \"/"};
  EXPECT_FALSE(unbound_config(options));
}

TEST(UnboundConfig, SaysWhichTrustAnchorFileIsMissing) {
  Options options;
  options.trust_anchor_files = {"/nowhere/root.key"};
  EXPECT_THAT(config_of(options), HasSubstr("/nowhere/root.key"));
}

}  // namespace
}  // namespace outrider::dns
