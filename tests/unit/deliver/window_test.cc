#include "outrider/deliver/window.h"

#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

using namespace std::chrono_literals;

constexpr Steady start{1h};

TEST(Window, GrowsWithSuccessUpToItsMost) {
  Window window({.first = 2, .most = 4});
  EXPECT_EQ(window.size(), 2u);
  for (int i = 0; i < 5; ++i) window.succeeded(start);
  EXPECT_EQ(window.size(), 4u);
}

TEST(Window, LosesHalfWithAFailureAndGrowsAgainLater) {
  Window window({.first = 8, .most = 20});
  window.failed(start);
  EXPECT_EQ(window.size(), 4u);
  window.succeeded(start + 1s);
  EXPECT_EQ(window.size(), 4u) << "the limit that was just met is not tried again at once";
  window.succeeded(start + 11s);
  EXPECT_EQ(window.size(), 5u);
}

TEST(Window, AlwaysLeavesOne) {
  Window window({.first = 1, .most = 20});
  window.failed(start);
  EXPECT_EQ(window.size(), 1u);
  Window none({.first = 0, .most = 0});
  EXPECT_EQ(none.size(), 1u);
}

TEST(Window, ClosedOpensWithTheFirstSuccess) {
  Window window({.first = 8, .most = 20});
  window.failed(start);
  window.close();
  EXPECT_EQ(window.size(), 1u);
  window.succeeded(start);
  EXPECT_EQ(window.size(), 2u);
}

}  // namespace
}  // namespace outrider::deliver
