// When to try again, when to tell the sender, when to give up. Pure.
#pragma once

#include <optional>
#include <random>

#include "outrider/base/clock.h"

namespace outrider::queue {

/// RFC 5321 §4.5.4.1: at least 30 minutes between attempts in the long run, four to five days in
/// all. The first retries come sooner, since most failures are short.
struct Retry {
  Duration first = std::chrono::minutes(5);
  double factor = 2.0;
  Duration longest = std::chrono::hours(4);
  double jitter = 0.2;  ///< a wait is multiplied by 1 ± jitter
  Duration lifetime = std::chrono::hours(120);
  Duration notice_lifetime = std::chrono::hours(24);  ///< of messages with null reverse-path
  Duration delay_notice = std::chrono::hours(4);      ///< 0: none is sent
  std::optional<Duration> tls_lifetime;  ///< of what waits for security alone; nothing: lifetime
  Duration tls_notice = std::chrono::minutes(15);  ///< its notice of delay; 0: none is sent
};

enum class Fate {
  Retry,
  Warn,   ///< retry, and tell the sender that it is late
  GiveUp  ///< the lifetime is over
};

/// What a message's fate depends on.
struct Lateness {
  Time arrived{};
  bool null_sender = false;  ///< of a notice: nobody is warned, and it lives shorter
  bool warned = false;       ///< the sender knows already that it is late
  bool for_tls = false;      ///< it waits for security alone
};

Fate fate_of(const Retry& retry, const Lateness& lateness, Time now);

/// The wait after `attempts` attempts (at least 1).
Duration backoff(const Retry& retry, unsigned attempts, std::minstd_rand& random);
/// No wait is longer than this, whatever the clock does.
Duration longest_wait(const Retry& retry);

}  // namespace outrider::queue
