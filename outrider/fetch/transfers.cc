#include "outrider/fetch/transfers.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "outrider/base/signals_blocked.h"
#include "outrider/base/text.h"

namespace outrider::fetch {

Answer refused(const Order& order, std::string_view rule) {
  Failure failure;
  failure.error.input = printable(order.request.url);
  failure.error.rule = rule;
  return std::unexpected(std::move(failure));
}

Result<std::shared_ptr<Transfers>> Transfers::open(Options options) {
  static const CURLcode begun = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = begun == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) return fail(Blame::Environment, "libcurl does not start", "", "fetch");
  return std::shared_ptr<Transfers>(new Transfers(std::move(options), multi));
}

Transfers::Transfers(Options options, CURLM* multi) : options_(std::move(options)), multi_(multi) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Transfers::~Transfers() { close(); }

void Transfers::close() {
  {
    const std::lock_guard held(lock_);
    if (std::exchange(closed_, true)) return;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

void Transfers::ask(std::uint64_t number, Order order, Done done) {
  std::unique_lock held(lock_);
  if (closed_ || inbox_.size() >= options_.most_waiting) {
    const bool closed = closed_;
    held.unlock();
    return done(refused(order, closed ? "the client was closed" : "too many requests are waiting"));
  }
  const Steady deadline = steady_now() + order.request.limit;
  inbox_.push_back({number, std::move(order), deadline, std::move(done), nullptr});
  held.unlock();
  curl_multi_wakeup(multi_.get());
}

void Transfers::cancel(std::uint64_t number) {
  {
    const std::lock_guard held(lock_);
    if (closed_) return;
    cancelled_.push_back(number);
  }
  curl_multi_wakeup(multi_.get());
}

void Transfers::run() {
  pthread_setname_np(pthread_self(), "fetch");
  while (take_inbox()) {
    start_waiting();
    move_bytes();
    expire_waiting();
    if (waiting_.empty() || open_ >= options_.most_open) wait();
  }
  while (!jobs_.empty()) refuse(jobs_.begin()->first, "the client was closed");
}

bool Transfers::take_inbox() {
  std::vector<Job> asked;
  std::vector<std::uint64_t> cancelled;
  bool closed = false;
  {
    const std::lock_guard held(lock_);
    asked.swap(inbox_);
    cancelled.swap(cancelled_);
    closed = closed_;
  }
  for (Job& job : asked) {
    const auto number = job.number;
    const bool has_room = waiting_.size() < options_.most_waiting;
    jobs_.emplace(number, std::move(job));
    if (has_room) {
      waiting_.push_back(number);
    } else {
      refuse(number, "too many requests are waiting");
    }
  }
  for (const auto number : cancelled) refuse(number, "cancelled");
  return !closed;
}

void Transfers::start_waiting() {
  while (open_ < options_.most_open && !waiting_.empty()) {
    const auto number = waiting_.front();
    waiting_.pop_front();
    const auto found = jobs_.find(number);
    if (found != jobs_.end()) start(found->second);
  }
}

void Transfers::start(Job& job) {
  const auto left = std::chrono::ceil<Duration>(job.deadline - steady_now());
  if (left <= Duration(0)) return;  // expire_waiting() finds it
  auto transfer = std::make_unique<Transfer>(job.number, job.order, options_, left);
  if (const auto& setting = transfer->refused_setting(); !setting.empty()) {
    return refuse(job.number, setting);
  }
  const CURLMcode added = curl_multi_add_handle(multi_.get(), transfer->handle());
  if (added != CURLM_OK) return refuse(job.number, curl_multi_strerror(added));
  job.transfer = std::move(transfer);
  ++open_;
}

void Transfers::move_bytes() {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(transfer->number(), transfer->outcome(code));
  }
}

// libcurl keeps to the limit of what is under way; what has no place yet is ours to end.
void Transfers::expire_waiting() {
  const auto now = steady_now();
  std::vector<std::uint64_t> late;
  for (const auto& [number, job] : jobs_) {
    if (!job.transfer && job.deadline <= now) late.push_back(number);
  }
  for (const auto number : late) {
    const Order& order = jobs_.find(number)->second.order;
    Answer answer = refused(order, fmt::format("no place within {}", spoken(order.request.limit)));
    answer.error().fault = Fault::TimedOut;
    finish(number, std::move(answer));
  }
}

void Transfers::wait() {
  Steady next = steady_now() + std::chrono::minutes(1);
  for (const auto& [number, job] : jobs_) {
    if (!job.transfer) next = std::min(next, job.deadline);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - steady_now());
  const int limit = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  curl_multi_poll(multi_.get(), nullptr, 0, limit, nullptr);
}

void Transfers::refuse(std::uint64_t number, std::string_view rule) {
  const auto found = jobs_.find(number);
  if (found != jobs_.end()) finish(number, refused(found->second.order, rule));
}

void Transfers::finish(std::uint64_t number, Answer answer) {
  const auto found = jobs_.find(number);
  if (auto& transfer = found->second.transfer) {
    curl_multi_remove_handle(multi_.get(), transfer->handle());
    transfer.reset();
    --open_;
  }
  auto done = std::move(found->second.done);
  jobs_.erase(found);
  done(std::move(answer));
}

}  // namespace outrider::fetch
