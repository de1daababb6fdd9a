// One I/O thread per core, each with its own loop. A connection lives and dies on its thread, so
// nothing about it needs a lock.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"

namespace outrider::net {

class IoThread;

/// A node in a thread's list of limits; whoever waits embeds one. Setting it costs no allocation
/// and no heap operation: the thread looks through its list once a second.
class Limit {
 public:
  Limit() = default;
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit();

  /// `expired` is called once on the thread when `at` has passed, unless clear() came before.
  void set(IoThread& thread, Steady at, void (*expired)(void*), void* context);
  void clear();

 private:
  friend class IoThread;
  IoThread* thread_ = nullptr;
  Limit* previous_ = nullptr;
  Limit* next_ = nullptr;
  Steady at_{};
  void (*expired_)(void*) = nullptr;
  void* context_ = nullptr;
};

class IoThread {
 public:
  explicit IoThread(unsigned index);
  ~IoThread();
  IoThread(const IoThread&) = delete;

  unsigned index() const;
  boost::asio::any_io_executor executor();
  void start();  ///< runs the loop on a thread of its own
  void stop();   ///< ends the loop and joins; pending operations are abandoned
  /// Runs `task` on this thread's loop, behind what runs there now: who spawns from within a task
  /// is never entered by it again. An exception out of it is a bug and ends the process.
  void spawn(boost::asio::awaitable<void> task);
  /// From any thread.
  void post(std::function<void()> job);
  boost::asio::awaitable<void> sleep(Duration duration);

 private:
  friend class Limit;
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace outrider::net
