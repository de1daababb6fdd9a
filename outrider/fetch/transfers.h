// Requests on their way through libcurl. One thread of ours owns the library: it starts transfers,
// moves their bytes, and ends what takes too long. Callers leave a request in a list and are called
// back.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"
#include "outrider/fetch/client.h"
#include "outrider/fetch/transfer.h"

namespace outrider::fetch {

class Transfers {
 public:
  using Done = std::move_only_function<void(Answer)>;

  static Result<std::shared_ptr<Transfers>> open(Options options);
  ~Transfers();  ///< closes
  Transfers(const Transfers&) = delete;

  const Options& options() const { return options_; }
  /// The number for one request to come.
  std::uint64_t next_number() { return last_number_.fetch_add(1, std::memory_order_relaxed) + 1; }
  /// Calls `done` exactly once, on any thread, the caller's too. Safe from any thread.
  void ask(std::uint64_t number, Order order, Done done);
  /// Ends a request, which is refused; one that is answered already is left alone.
  void cancel(std::uint64_t number);
  /// What is open is refused, what comes later too; when this returns, no `done` is called any more
  /// but for requests that come later.
  void close();

 private:
  struct Job {
    std::uint64_t number = 0;
    Order order;
    Steady deadline;
    Done done;
    std::unique_ptr<Transfer> transfer;  // null: waiting for a place
  };
  Transfers(Options options, CURLM* multi);

  void run();
  bool take_inbox();  // false: closed
  void start_waiting();
  void start(Job& job);
  void move_bytes();
  void expire_waiting();
  void wait();
  void finish(std::uint64_t number, Answer answer);
  void refuse(std::uint64_t number, std::string_view rule);

  const Options options_;
  MultiHandle multi_;
  std::atomic<std::uint64_t> last_number_{0};

  std::mutex lock_;  // of the three below
  std::vector<Job> inbox_;
  std::vector<std::uint64_t> cancelled_;
  bool closed_ = false;

  // The thread's own.
  std::map<std::uint64_t, Job> jobs_;
  std::deque<std::uint64_t> waiting_;
  std::size_t open_ = 0;

  std::thread thread_;
};

/// A request that was not sent.
Answer refused(const Order& order, std::string_view rule);

}  // namespace outrider::fetch
