// Questions on their way through libunbound. One thread of ours owns the library's context: it
// hands questions over, takes answers, and ends what takes too long. Callers only leave a question
// in a list and are called back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"
#include "outrider/dns/resolver.h"

struct ub_ctx;
struct ub_result;

namespace outrider::dns {

struct DeleteContext {
  void operator()(ub_ctx* context) const;
};
using UnboundContext = std::unique_ptr<ub_ctx, DeleteContext>;

/// Ready for questions; an option that the library refuses is found here. (unbound_context.cc)
Result<UnboundContext> make_unbound_context(const Options& options);

/// Record types we ask for, by their numbers (RFC 1035 §3.2.2, RFC 3596).
enum class RecordType : int { A = 1, Pointer = 12, Mx = 15, Aaaa = 28 };

/// An answer with the records as they came.
struct RawAnswer : Answer {
  std::vector<std::string> data;
};

class Questions {
 public:
  using Done = std::move_only_function<void(RawAnswer)>;

  /// Questions at the library at a time, and questions that wait for a place; one more fails.
  static constexpr std::size_t most_open = 512;
  static constexpr std::size_t most_waiting = 20000;

  static Result<std::shared_ptr<Questions>> open(const Options& options);
  ~Questions();  ///< closes
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  /// The number for one question to come.
  std::uint64_t next_number() { return last_number_.fetch_add(1, std::memory_order_relaxed) + 1; }
  /// Calls `done` exactly once, on the thread of this object or on the caller's. Safe from any
  /// thread.
  void ask(std::uint64_t number, std::string name, RecordType type, Done done);
  /// Ends a question, which fails; one that is answered already is left alone.
  void cancel(std::uint64_t number);
  /// What is open fails, what comes later too. The thread has ended when this returns.
  void close();

 private:
  struct Question {
    Questions* owner = nullptr;
    std::uint64_t number = 0;
    std::string name;
    RecordType type = RecordType::A;
    Steady deadline;
    Done done;
    int ticket = -1;  // of the library; -1: waiting for a place
  };
  Questions(UnboundContext context, int wake, Duration timeout);
  static void on_answer(void* question, int error, ub_result* result);

  void run();
  void wait();
  bool take_inbox();  // false: closed
  void hand_over();
  void expire();
  void finish(std::uint64_t number, RawAnswer answer);
  void wake();

  UnboundContext context_;
  int wake_;  // eventfd
  Duration timeout_;

  std::mutex lock_;  // of the three below
  std::vector<Question> inbox_;
  std::vector<std::uint64_t> cancelled_;
  bool closed_ = false;
  std::atomic<std::uint64_t> last_number_{0};

  // The thread's own. Numbers grow with time and all questions have the same limit, so the first
  // is always the next to expire.
  std::map<std::uint64_t, Question> questions_;
  std::deque<std::uint64_t> waiting_;
  std::size_t open_ = 0;

  std::thread thread_;
};

}  // namespace outrider::dns
