#include "outrider/mail/source_route.h"

#include <gtest/gtest.h>

namespace outrider::mail {
namespace {

std::string onward_of(std::string_view route) {
  return onward(route, [](std::string_view host) { return host == "us" || host == "we"; });
}

TEST(SourceRoute, NamesItsFirstHost) {
  EXPECT_EQ(first_host(""), "");
  EXPECT_EQ(first_host("@one"), "one");
  EXPECT_EQ(first_host("@one,@two"), "one");
}

// RFC 788 §3.6.
TEST(SourceRoute, S3_LosesOurNamesAtItsBeginning) {
  EXPECT_EQ(onward_of(""), "");
  EXPECT_EQ(onward_of("@us"), "");
  EXPECT_EQ(onward_of("@us,@we"), "");
  EXPECT_EQ(onward_of("@us,@one,@two"), "@one,@two");
  EXPECT_EQ(onward_of("@one,@us"), "@one,@us");
}

TEST(SourceRoute, S3_GrowsAtItsBeginning) {
  EXPECT_EQ(extended("us", ""), "@us");
  EXPECT_EQ(extended("us", "@two,@one"), "@us,@two,@one");
}

}  // namespace
}  // namespace outrider::mail
