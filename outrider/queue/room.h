// Whether there is room for more mail: we stop taking it before the disk is full, and while the
// store fails.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "outrider/base/log.h"
#include "outrider/store/store.h"

namespace outrider::queue {

class Room {
 public:
  /// `free_bytes` may be empty: then the store is asked.
  Room(store::Store& store, std::uint64_t least_free, std::function<std::uint64_t()> free_bytes,
       Log& log);

  bool open() const { return open_.load(std::memory_order_relaxed); }
  /// Asked anew, as a fast disk fills within a second; closes the room where there is none. From
  /// any thread.
  bool has_space();
  /// Looks again; tries to bring a failing store back. On the commit thread, once a second and
  /// after errors.
  void check();

 private:
  std::uint64_t free() const { return free_bytes_ ? free_bytes_() : store_.free_bytes(); }
  void close(std::uint64_t free, std::string_view why, std::string_view fault);

  store::Store& store_;
  const std::uint64_t least_free_;
  const std::function<std::uint64_t()> free_bytes_;
  Log& log_;
  std::atomic<bool> open_{true};
};

}  // namespace outrider::queue
