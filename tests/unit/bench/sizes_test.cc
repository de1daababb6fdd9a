#include "outrider/bench/sizes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace outrider::bench {
namespace {

TEST(Sizes, AreReadWithUnits) {
  EXPECT_EQ(Sizes::parse("4096"), (Sizes{4096, 4096}));
  EXPECT_EQ(Sizes::parse("100K"), (Sizes{102400, 102400}));
  EXPECT_EQ(Sizes::parse("1k-20M"), (Sizes{1024, 20971520}));
}

TEST(Sizes, WhatIsNoSizeIsNone) {
  for (const auto* text : {"", "K", "-", "1-", "-1", "0", "2K-1K", "1G", "4096b", "99999999999M"})
    EXPECT_EQ(Sizes::parse(text), std::nullopt) << text;
}

TEST(Sizes, OneSizeIsTheSameForAll) { EXPECT_EQ((Sizes{500, 500}).of(12), 500U); }

TEST(Sizes, ALongTailIsAsItIsSaid) {
  const Sizes sizes{1024, 20 << 20};
  std::vector<std::size_t> found;
  double sum = 0;
  for (std::uint64_t i = 0; i < 100000; ++i) {
    found.push_back(sizes.of(i));
    sum += static_cast<double>(found.back());
  }
  std::ranges::sort(found);
  EXPECT_GE(found.front(), 1023U);
  EXPECT_LE(found.back(), 20U << 20);
  EXPECT_GT(found.back(), 5U << 20);
  EXPECT_NEAR(static_cast<double>(found[found.size() / 2]), 2.52 * 1024, 60);
  EXPECT_NEAR(sum / 100000, 33.0 * 1024, 3000);
}

TEST(Sizes, SharesAreSpreadEvenly) {
  int below = 0;
  for (std::uint64_t i = 0; i < 10000; ++i) below += share_of(i) < 0.3;
  EXPECT_NEAR(below, 3000, 150);
}

}  // namespace
}  // namespace outrider::bench
