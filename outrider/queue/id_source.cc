#include "outrider/queue/id_source.h"

#include <algorithm>

namespace outrider::queue {
namespace {

constexpr unsigned counter_bits = 22;
// Longer than a name can be in use before a commit remembers a higher ceiling.
constexpr std::uint64_t lease = 10'000;  // milliseconds

}  // namespace

MessageId IdSource::next(Time now) {
  const auto moment = static_cast<std::uint64_t>(now.time_since_epoch().count()) << counter_bits;
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = std::max(last + 1, moment);
  } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return {next};
}

MessageId IdSource::ceiling_above(MessageId used) { return {used.value + (lease << counter_bits)}; }

}  // namespace outrider::queue
