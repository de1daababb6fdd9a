#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "outrider/queue/schedule.h"
#include "tests/bench/micro/works.h"

namespace outrider::bench_micro {
namespace {

// A hundred thousand jobs wait; one more comes, is claimed, deferred, due again and gone.
class Schedule {
 public:
  Schedule() {
    const auto later = time_ + std::chrono::hours(1);
    for (std::uint64_t i = 0; i < 100000; ++i) {
      const auto destination = schedule_.destination(fmt::format("{}.example", i % 1000));
      schedule_.add({.id = MessageId{++last_}, .destination = destination, .due = later}, time_);
    }
  }

  void job() {
    const MessageId id(++last_);
    const auto destination = static_cast<queue::DestinationId>(last_ % 1000);
    schedule_.add({.id = id, .destination = destination}, time_);
    if (!schedule_.take(destination, time_)) std::abort();
    schedule_.again(id, destination, time_ + std::chrono::seconds(1), time_);
    time_ += std::chrono::seconds(1);
    schedule_.advance(time_);
    if (!schedule_.take(destination, time_)) std::abort();
    schedule_.gone(id, destination);
    schedule_.take_woken();
  }

 private:
  queue::Schedule schedule_;
  Steady time_ = steady_now();
  std::uint64_t last_ = 0;
};

}  // namespace

std::vector<Work> queue_works() {
  const auto schedule = std::make_shared<Schedule>();
  return {{"schedule, a job's life", "job", 0, [schedule] { schedule->job(); }}};
}

}  // namespace outrider::bench_micro
