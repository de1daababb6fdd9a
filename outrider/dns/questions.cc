#include "outrider/dns/questions.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "outrider/base/signals_blocked.h"
#include "outrider/base/text.h"

namespace outrider::dns {
namespace {

constexpr std::size_t longest_reason = 200;

std::string rcode_text(int rcode) {
  switch (rcode) {
    case 1: return "name servers answer FORMERR";
    case 2: return "name servers answer SERVFAIL, or cannot be reached";
    case 4: return "name servers answer NOTIMP";
    case 5: return "name servers answer REFUSED";
    default: return fmt::format("name servers answer code {}", rcode);
  }
}

// Bogus answers carry data too, so bogus comes first.
Status status_of(const ub_result& result) {
  if (result.bogus != 0) return Status::Bogus;
  if (result.nxdomain != 0) return Status::NoName;
  if (result.rcode != 0) return Status::Failed;
  return result.havedata != 0 ? Status::Found : Status::NoData;
}

std::string canonical_name(const ub_result& result) {
  const char* name = result.canonname != nullptr ? result.canonname : result.qname;
  std::string canonical = to_lower(name != nullptr ? name : "");
  if (canonical.ends_with('.')) canonical.pop_back();
  return printable(canonical, 4 * longest_reason);
}

RawAnswer read_result(const ub_result& result) {
  RawAnswer answer;
  answer.status = status_of(result);
  answer.secure = result.secure != 0;
  answer.canonical = canonical_name(result);
  answer.ttl = std::chrono::seconds(std::max(result.ttl, 0));
  if (answer.status == Status::Bogus) {
    answer.why = printable(result.why_bogus != nullptr ? result.why_bogus : "no reason given",
                           longest_reason);
  }
  if (answer.status == Status::Failed) answer.why = rcode_text(result.rcode);
  if (answer.status != Status::Found) return answer;
  for (std::size_t i = 0; i < Source::most_records && result.data[i] != nullptr; ++i) {
    answer.data.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
  }
  return answer;
}

}  // namespace

Result<std::shared_ptr<Questions>> Questions::open(const Options& options) {
  auto context = make_unbound_context(options);
  if (!context) return std::unexpected(context.error());
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) return fail_errno("eventfd", errno, "dns");
  return std::shared_ptr<Questions>(new Questions(std::move(*context), wake, options.timeout));
}

Questions::Questions(UnboundContext context, int wake, Duration timeout)
    : context_(std::move(context)), wake_(wake), timeout_(timeout) {
  const SignalsBlocked blocked;  // and the library's own thread is started by ours
  thread_ = std::thread([this] { run(); });
}

Questions::~Questions() {
  close();
  ::close(wake_);
}

void Questions::close() {
  {
    const std::lock_guard held(lock_);
    if (std::exchange(closed_, true)) return;
  }
  wake();
  thread_.join();
}

void Questions::ask(std::uint64_t number, std::string name, RecordType type, Done done) {
  Question question{this, number, std::move(name), type, steady_now() + timeout_, std::move(done)};
  std::unique_lock held(lock_);
  if (closed_ || inbox_.size() >= most_waiting) {
    held.unlock();
    return question.done(failed_answer("the resolver takes no more questions"));
  }
  const bool first = inbox_.empty();
  inbox_.push_back(std::move(question));
  held.unlock();
  if (first) wake();
}

void Questions::cancel(std::uint64_t number) {
  {
    const std::lock_guard held(lock_);
    if (closed_) return;
    cancelled_.push_back(number);
  }
  wake();
}

void Questions::wake() {
  const std::uint64_t one = 1;
  // It fails only where the counter is full, and then the thread is awake.
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Questions::run() {
  pthread_setname_np(pthread_self(), "dns");
  while (take_inbox()) {
    hand_over();
    wait();
    ub_process(context_.get());
    expire();
  }
  while (!questions_.empty())
    finish(questions_.begin()->first, failed_answer("the resolver was closed"));
  // Its thread ends here; the last answers go nowhere.
  context_.reset();
}

bool Questions::take_inbox() {
  std::vector<Question> asked;
  std::vector<std::uint64_t> cancelled;
  bool closed = false;
  {
    const std::lock_guard held(lock_);
    asked.swap(inbox_);
    cancelled.swap(cancelled_);
    closed = closed_;
  }
  for (auto& question : asked) {
    const auto number = question.number;
    const bool room = waiting_.size() < most_waiting;
    questions_.emplace(number, std::move(question));
    if (room) {
      waiting_.push_back(number);
    } else {
      finish(number, failed_answer("too many questions are waiting"));
    }
  }
  for (const auto number : cancelled) finish(number, failed_answer("cancelled"));
  return !closed;
}

void Questions::hand_over() {
  while (open_ < most_open && !waiting_.empty()) {
    const auto number = waiting_.front();
    waiting_.pop_front();
    const auto found = questions_.find(number);
    if (found == questions_.end()) continue;
    auto& question = found->second;
    const int error =
        ub_resolve_async(context_.get(), question.name.c_str(), static_cast<int>(question.type), 1,
                         &question, &Questions::on_answer, &question.ticket);
    if (error == 0) {
      ++open_;
    } else {
      question.ticket = -1;
      finish(number, failed_answer(fmt::format("libunbound: {}", ub_strerror(error))));
    }
  }
}

void Questions::wait() {
  int limit = -1;
  if (!questions_.empty()) {
    const auto left = questions_.begin()->second.deadline - steady_now();
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    limit = static_cast<int>(std::clamp<std::int64_t>(whole, 0, 60'000));
  }
  pollfd ready[] = {{ub_fd(context_.get()), POLLIN, 0}, {wake_, POLLIN, 0}};
  if (::poll(ready, 2, limit) <= 0 || ready[1].revents == 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(wake_, &count, sizeof count);
}

// Called from ub_process(), so on our thread; never for a cancelled question.
void Questions::on_answer(void* pointer, int error, ub_result* result) {
  auto& question = *static_cast<Question*>(pointer);
  question.ticket = -1;
  --question.owner->open_;
  RawAnswer answer = error == 0 && result != nullptr
                         ? read_result(*result)
                         : failed_answer(fmt::format("libunbound: {}", ub_strerror(error)));
  ub_resolve_free(result);
  question.owner->finish(question.number, std::move(answer));
}

void Questions::expire() {
  const auto now = steady_now();
  while (!questions_.empty() && questions_.begin()->second.deadline <= now) {
    const auto& question = questions_.begin()->second;
    finish(question.number, failed_answer(fmt::format("no answer within {}", spoken(timeout_))));
  }
}

void Questions::finish(std::uint64_t number, RawAnswer answer) {
  const auto found = questions_.find(number);
  if (found == questions_.end()) return;
  auto& question = found->second;
  if (question.ticket >= 0) {
    ub_cancel(context_.get(), question.ticket);
    --open_;
  }
  if (answer.canonical.empty()) answer.canonical = question.name;
  auto done = std::move(question.done);
  questions_.erase(found);
  done(std::move(answer));
}

}  // namespace outrider::dns
