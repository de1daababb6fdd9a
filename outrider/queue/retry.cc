#include "outrider/queue/retry.h"

#include <algorithm>
#include <cmath>

namespace outrider::queue {

Duration backoff(const Retry& retry, unsigned attempts, std::minstd_rand& random) {
  const unsigned steps = std::max(attempts, 1u) - 1;
  const double longest = static_cast<double>(retry.longest.count());
  const double grown = static_cast<double>(retry.first.count()) *
                       std::pow(std::max(retry.factor, 1.0), static_cast<double>(steps));
  const double jitter = std::clamp(retry.jitter, 0.0, 1.0);
  std::uniform_real_distribution<double> spread(1 - jitter, 1 + jitter);
  const double wait = std::min(grown, longest) * spread(random);
  return Duration(std::max<std::int64_t>(static_cast<std::int64_t>(wait), 1));
}

Duration longest_wait(const Retry& retry) {
  const double jitter = std::clamp(retry.jitter, 0.0, 1.0);
  const auto longest = std::max(retry.longest, retry.first);
  return Duration(static_cast<std::int64_t>(static_cast<double>(longest.count()) * (1 + jitter)));
}

Fate fate_of(const Retry& retry, const Lateness& lateness, Time now) {
  const Duration age = now - lateness.arrived;
  const auto lifetime = lateness.null_sender ? retry.notice_lifetime
                        : lateness.for_tls   ? retry.tls_lifetime.value_or(retry.lifetime)
                                             : retry.lifetime;
  if (age >= lifetime) return Fate::GiveUp;
  const auto notice = lateness.for_tls ? retry.tls_notice : retry.delay_notice;
  const bool warns = notice > Duration::zero() && !lateness.null_sender;
  if (warns && !lateness.warned && age >= notice) return Fate::Warn;
  return Fate::Retry;
}

}  // namespace outrider::queue
