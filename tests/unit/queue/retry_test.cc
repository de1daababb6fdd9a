#include "outrider/queue/retry.h"

#include <gtest/gtest.h>

namespace outrider::queue {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, GrowsToTheLongestAndStays) {
  std::minstd_rand random(1);
  const Retry retry{.first = 5min, .factor = 2, .longest = 1h, .jitter = 0};
  EXPECT_EQ(backoff(retry, 0, random), 5min);
  EXPECT_EQ(backoff(retry, 1, random), 5min);
  EXPECT_EQ(backoff(retry, 2, random), 10min);
  EXPECT_EQ(backoff(retry, 4, random), 40min);
  EXPECT_EQ(backoff(retry, 5, random), 1h);
  EXPECT_EQ(backoff(retry, 4'000'000'000, random), 1h);
}

TEST(Backoff, IsSpreadByItsJitterAndNoFurther) {
  std::minstd_rand random(2);
  const Retry retry{.first = 1000s, .factor = 2, .longest = 4h, .jitter = 0.2};
  Duration least = Duration::max(), most{};
  for (int at = 0; at < 2000; ++at) {
    const Duration wait = backoff(retry, 1, random);
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_GE(least, 800s);
  EXPECT_LT(least, 820s);
  EXPECT_LE(most, 1200s);
  EXPECT_GT(most, 1180s);
  EXPECT_EQ(longest_wait(retry), 17280s);
}

TEST(Backoff, IsNeverZeroWhateverIsConfigured) {
  std::minstd_rand random(3);
  const Retry odd{.first = 0ms, .factor = -3, .longest = 0ms, .jitter = 7};
  for (unsigned at = 0; at < 50; ++at) EXPECT_GE(backoff(odd, at, random), 1ms);
}

TEST(Fate, FollowsTheAge) {
  const Retry retry;
  const Time arrived{Duration(1'000'000)};
  const Lateness late{.arrived = arrived};
  EXPECT_EQ(fate_of(retry, late, arrived), Fate::Retry);
  EXPECT_EQ(fate_of(retry, late, arrived - 24h), Fate::Retry);  // a clock set back
  EXPECT_EQ(fate_of(retry, late, arrived + 4h - 1ms), Fate::Retry);
  EXPECT_EQ(fate_of(retry, late, arrived + 4h), Fate::Warn);
  EXPECT_EQ(fate_of(retry, late, arrived + 120h - 1ms), Fate::Warn);
  EXPECT_EQ(fate_of(retry, late, arrived + 120h), Fate::GiveUp);
}

TEST(Fate, WarnsOnceAndNeverAboutANotice) {
  const Retry retry;
  const Time arrived{};
  EXPECT_EQ(fate_of(retry, {.arrived = arrived, .warned = true}, arrived + 5h), Fate::Retry);
  EXPECT_EQ(fate_of(retry, {.arrived = arrived, .null_sender = true}, arrived + 5h), Fate::Retry);
  EXPECT_EQ(fate_of(retry, {.arrived = arrived, .null_sender = true}, arrived + 24h), Fate::GiveUp);
  Retry quiet;
  quiet.delay_notice = 0ms;
  EXPECT_EQ(fate_of(quiet, {.arrived = arrived}, arrived + 5h), Fate::Retry);
}

TEST(Fate, OfWhatWaitsForSecurityHasItsOwnRules) {
  Retry retry;
  retry.tls_lifetime = 200h;
  const Lateness late{.arrived = Time{}, .for_tls = true};
  EXPECT_EQ(fate_of(retry, late, Time{} + 15min - 1ms), Fate::Retry);
  EXPECT_EQ(fate_of(retry, late, Time{} + 15min), Fate::Warn);
  EXPECT_EQ(fate_of(retry, late, Time{} + 130h), Fate::Warn);
  EXPECT_EQ(fate_of(retry, late, Time{} + 200h), Fate::GiveUp);
}

}  // namespace
}  // namespace outrider::queue
