// Questions on their way through libunbound. One thread of ours owns the library's context: it
// hands questions over, takes answers, and ends what takes too long. Callers only leave a question
// in a list and are called back.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
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
#include "outrider/dns/source.h"

struct ub_ctx;
struct ub_result;

namespace outrider::dns {

struct DeleteContext {
  void operator()(ub_ctx* context) const;
};
using UnboundContext = std::unique_ptr<ub_ctx, DeleteContext>;

/// Ready for questions; an option that the library refuses is found here. (unbound_context.cc)
Result<UnboundContext> make_unbound_context(const Options& options);

class Questions final : public Source {
 public:
  static Result<std::shared_ptr<Questions>> open(const Options& options);
  ~Questions() override;  ///< closes
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  void ask(std::uint64_t number, std::string name, RecordType type, Done done) override;
  void cancel(std::uint64_t number) override;
  void close() override;

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

  // The thread's own. Numbers grow with time and all questions have the same limit, so the first
  // is always the next to expire.
  std::map<std::uint64_t, Question> questions_;
  std::deque<std::uint64_t> waiting_;
  std::size_t open_ = 0;

  std::thread thread_;
};

}  // namespace outrider::dns
