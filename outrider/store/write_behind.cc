#include "outrider/store/write_behind.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace outrider::store {

WriteBehind::WriteBehind(Duration every, std::function<void()> write) : write_(std::move(write)) {
  thread_ = std::jthread([this, every](const std::stop_token& stop) {
    std::mutex lock;
    std::condition_variable_any stopped;
    do {
      {
        std::unique_lock held(lock);
        stopped.wait_for(held, stop, every, [] { return false; });
      }
      write_();
    } while (!stop.stop_requested());
  });
}

WriteBehind::~WriteBehind() = default;  // the thread is told to stop, and writes once more

}  // namespace outrider::store
