#include "outrider/report/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::report {
namespace {

using testing::HasSubstr;

TEST(Gzip, ComesBack) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i);
  EXPECT_EQ(*gunzip(gzip(text), 1 << 20), text);
  EXPECT_EQ(*gunzip(gzip(""), 10), "");
  EXPECT_LT(gzip(text).size(), text.size());
}

TEST(Gzip, TakesSeveralMembersWithinOneBound) {
  EXPECT_EQ(*gunzip(gzip("one") + gzip("two"), 6), "onetwo");
  EXPECT_FALSE(gunzip(gzip("one") + gzip("two"), 5));
}

TEST(Gzip, IsStoppedAtTheBound) {
  const auto bomb = gzip(std::string(50 << 20, 'x'));
  const auto out = gunzip(bomb, 1 << 20);
  ASSERT_FALSE(out);
  EXPECT_THAT(out.error().text(), HasSubstr("more than 1048576 bytes"));
}

TEST(Gzip, RefusesWhatIsDamaged) {
  const auto good = gzip("some text that is long enough to be cut");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(gunzip(good.substr(0, size), 1000)) << size;
  }
  EXPECT_FALSE(gunzip(good + "x", 1000));
  auto wrong = good;
  wrong[wrong.size() - 6] ^= 1;  // of the checksum
  EXPECT_FALSE(gunzip(wrong, 1000));
  EXPECT_FALSE(gunzip("plain text", 1000));
}

}  // namespace
}  // namespace outrider::report
