// How many deliveries to one destination may run at a time: one more with each success, half with
// each refusal. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

#include "outrider/deliver/options.h"

namespace outrider::deliver {

class Window {
 public:
  explicit Window(const ConcurrencyLimits& limits)
      : most_(std::max<std::size_t>(limits.most, 1)),
        size_(std::clamp<std::size_t>(limits.first, 1, most_)) {}

  std::size_t size() const { return size_; }
  void succeeded() { size_ = std::min(size_ + 1, most_); }
  void failed() { size_ = std::max<std::size_t>(size_ / 2, 1); }
  void close_to_one() { size_ = 1; }  ///< nobody can be reached: one probe at a time

 private:
  std::size_t most_;
  std::size_t size_;
};

}  // namespace outrider::deliver
