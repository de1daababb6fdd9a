#include "outrider/deliver/dead_hosts.h"

#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

using namespace std::chrono_literals;

constexpr Steady start{1h};
const DeadLimits limits{.first = 30s, .longest = 100s, .hosts = 3};

Endpoint host(std::uint8_t number) {
  return {*IpAddress::parse("192.0.2." + std::to_string(number)), 25};
}

TEST(DeadHosts, KnowsNothingOfAHostThatNeverFailed) {
  DeadHosts dead(limits);
  EXPECT_EQ(dead.find(host(1), start), nullptr);
}

TEST(DeadHosts, LeavesAHostAloneForAWhile) {
  DeadHosts dead(limits);
  EXPECT_EQ(dead.failed(host(1), "refused", start), start + 30s);
  ASSERT_NE(dead.find(host(1), start + 29s), nullptr);
  EXPECT_EQ(dead.find(host(1), start + 29s)->why, "refused");
  EXPECT_EQ(dead.find(host(1), start + 30s), nullptr);
}

TEST(DeadHosts, WaitsLongerEachTimeUpToTheLongest) {
  DeadHosts dead(limits);
  Steady time = start;
  for (const auto wait : {30s, 60s, 100s, 100s}) {
    EXPECT_EQ(dead.failed(host(1), "refused", time), time + wait);
    time += wait;
  }
}

TEST(DeadHosts, CountsFailuresAtTheSameTimeOnce) {
  DeadHosts dead(limits);
  dead.failed(host(1), "refused", start);
  EXPECT_EQ(dead.failed(host(1), "refused", start + 1s), start + 30s);
}

TEST(DeadHosts, ForgetsAHostThatAnswered) {
  DeadHosts dead(limits);
  dead.failed(host(1), "refused", start);
  dead.answered(host(1));
  EXPECT_EQ(dead.find(host(1), start), nullptr);
  EXPECT_EQ(dead.failed(host(1), "refused", start), start + 30s);
}

TEST(DeadHosts, HoldsNoMoreThanItsLimit) {
  DeadHosts dead(limits);
  for (std::uint8_t i = 1; i <= 5; ++i) dead.failed(host(i), "refused", start + i * 1s);
  EXPECT_EQ(dead.size(), 3u);
  EXPECT_EQ(dead.find(host(1), start + 6s), nullptr) << "the one that is free first goes";
  EXPECT_NE(dead.find(host(5), start + 6s), nullptr);
}

}  // namespace
}  // namespace outrider::deliver
