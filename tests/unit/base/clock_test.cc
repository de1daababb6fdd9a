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

TEST(Clock, WritesAnyDayOfTheFourDigitYears) {
  using namespace std::chrono;
  const auto written = [](year_month_day date, milliseconds of_day) {
    return rfc3339(Time(sys_days(date).time_since_epoch() + of_day));
  };
  EXPECT_EQ(rfc3339(Time{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(Time{-1ms}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(written(2028y / February / 29, 9h + 8min + 7s + 6ms), "2028-02-29T09:08:07.006Z");
  EXPECT_EQ(written(2100y / March / 1, 0ms), "2100-03-01T00:00:00.000Z");
  EXPECT_EQ(written(0y / January / 1, 0ms), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(written(9999y / December / 31, 24h - 1ms), "9999-12-31T23:59:59.999Z");
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
