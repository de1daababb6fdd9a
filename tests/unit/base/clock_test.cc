#include "outrider/base/clock.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace outrider {
namespace {

using namespace std::chrono_literals;

TEST(Clock, WritesDatesAsTheRfcsWant) {
  setenv("TZ", "Europe/Berlin", 1);
  tzset();
  const Time time{1795399317123ms};
  EXPECT_EQ(rfc3339(time), "2026-11-23T02:01:57.123Z");
  EXPECT_EQ(rfc5322_date(time).substr(0, 25), "Mon, 23 Nov 2026 03:01:57");
  unsetenv("TZ");
  tzset();
}

TEST(Clock, SpeaksOfDurations) {
  EXPECT_EQ(spoken(0ms), "0s");
  EXPECT_EQ(spoken(59999ms), "59s");
  EXPECT_EQ(spoken(250s), "4m10s");
  EXPECT_EQ(spoken(185min), "3h5m");
  EXPECT_EQ(spoken(52h), "2d4h");
}

}  // namespace
}  // namespace outrider
