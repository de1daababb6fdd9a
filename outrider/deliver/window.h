// How many deliveries to one destination may run at a time: one more with each success, half with
// each refusal. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

#include "outrider/base/clock.h"
#include "outrider/deliver/options.h"

namespace outrider::deliver {

class Window {
 public:
  explicit Window(const ConcurrencyLimits& limits)
      : most_(std::max<std::size_t>(limits.most, 1)),
        size_(std::clamp<std::size_t>(limits.first, 1, most_)) {}

  std::size_t size() const { return size_; }
  void succeeded(Steady time) {
    if (time >= calm_until_) size_ = std::min(size_ + 1, most_);
  }
  void failed(Steady time) {
    size_ = std::max<std::size_t>(size_ / 2, 1);
    calm_until_ = time + calm;
  }
  /// Nobody can be reached: one probe at a time, until the first success.
  void close() {
    size_ = 1;
    calm_until_ = {};
  }

 private:
  // After a refusal it grows no more for this long, so that a limit of the server's is not tried
  // again with every message.
  static constexpr std::chrono::seconds calm{10};

  std::size_t most_;
  std::size_t size_;
  Steady calm_until_{};
};

}  // namespace outrider::deliver
