#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "outrider/dns/questions.h"

namespace outrider::dns {
namespace {

using testing::HasSubstr;

TEST(UnboundContext, IsMadeOfTheDefaults) { EXPECT_TRUE(make_unbound_context({})); }

TEST(UnboundContext, TellsWhichOptionTheLibraryRefuses) {
  Options options;
  options.unbound_options = {"no-such-option: 1"};
  const auto context = make_unbound_context(options);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().blame, Blame::Operator);
  EXPECT_THAT(context.error().text(), HasSubstr("no-such-option"));
}

TEST(UnboundContext, FindsATrustAnchorThatIsNoneBeforeTheFirstQuestion) {
  const std::string path = testing::TempDir() + "outrider-no-anchor";
  std::ofstream(path) << "this is no key\n";
  Options options;
  options.trust_anchor_files = {path};
  const auto context = make_unbound_context(options);
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().text(), HasSubstr("outrider-no-anchor"));
}

TEST(UnboundContext, NamesTheHostsFileThatIsMissing) {
  Options options;
  options.hosts_file = "/nowhere/hosts";
  const auto context = make_unbound_context(options);
  ASSERT_FALSE(context);
  EXPECT_THAT(context.error().text(), HasSubstr("/nowhere/hosts"));
}

}  // namespace
}  // namespace outrider::dns
