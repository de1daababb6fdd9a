// One way to read time. Pure code takes a Time; only code that does I/O calls now().
#pragma once

#include <chrono>
#include <string>

namespace outrider {

/// Wall-clock time, to the millisecond: what is kept on disk and shown to people.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

/// Time for limits: never set back.
using Steady = std::chrono::steady_clock::time_point;

Time now();
Steady steady_now();

/// RFC 5322 §3.3 date-time in local time: `Mon, 23 Nov 2026 02:01:57 +0000`.
std::string rfc5322_date(Time time);
/// RFC 3339 in UTC to the millisecond: `2026-11-23T02:01:57.123Z`. Of years 0 to 9999.
std::string rfc3339(Time time);
/// `0s`, `59s`, `4m10s`, `3h5m`, `2d4h`: for people.
std::string spoken(Duration duration);

}  // namespace outrider
