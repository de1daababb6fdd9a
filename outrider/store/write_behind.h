// A thread that writes what changed, so that whoever changes it waits for no disk.
#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "outrider/base/clock.h"

namespace outrider::store {

class WriteBehind {
 public:
  /// Calls `write` every now and then, and once more when it is destroyed. `write` is safe to call
  /// from any thread, and outlives it.
  WriteBehind(Duration every, std::function<void()> write);
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;

 private:
  std::function<void()> write_;
  std::jthread thread_;
};

}  // namespace outrider::store
