#include "outrider/queue/committer.h"

#include <pthread.h>

#include <iterator>
#include <utility>

namespace outrider::queue {
namespace {

// Of one batch: longer would only let the first of it wait.
constexpr std::size_t batch_bytes = 4 << 20;
// Free space is looked at after so much was written, however short the time.
constexpr std::size_t look_after_bytes = 16 << 20;
constexpr auto tick_interval = std::chrono::seconds(1);

Completion* completion_of(Operation& operation) {
  if (auto* arrival = std::get_if<Arrival>(&operation)) return &arrival->done;
  if (auto* operated = std::get_if<Operated>(&operation)) return &operated->done;
  return nullptr;
}

/// Coroutines to resume, one post for each executor.
class Resumption {
 public:
  void add(Completion& done, const Result<void>& result) {
    if (!done.result) return;
    *done.result = result;
    for (auto& [executor, waiting] : by_executor_) {
      if (executor == done.waiter.executor) return waiting.push_back(std::move(done.waiter.resume));
    }
    auto& [executor, waiting] = by_executor_.emplace_back();
    executor = std::move(done.waiter.executor);
    waiting.push_back(std::move(done.waiter.resume));
  }

  void post() {
    for (auto& [executor, waiting] : by_executor_) {
      boost::asio::post(executor, [waiting = std::move(waiting)]() mutable {
        for (auto& resume : waiting) resume();
      });
    }
  }

 private:
  using Waiting = std::vector<std::move_only_function<void()>>;
  std::vector<std::pair<boost::asio::any_io_executor, Waiting>> by_executor_;
};

}  // namespace

Committer::Committer(store::Store& store, Ledger& ledger, Room& room, Post post, Discard discard,
                     Log& log)
    : store_(store),
      ledger_(ledger),
      room_(room),
      post_(std::move(post)),
      discard_(std::move(discard)),
      log_(log) {
  thread_ = std::thread([this] { run(); });
}

Committer::~Committer() { finish(); }

void Committer::submit(Operation operation) {
  {
    const std::lock_guard guard(lock_);
    if (!closed_) {
      submitted_.push_back(std::move(operation));
      if (!std::exchange(asleep_, false)) return;
    } else if (Completion* done = completion_of(operation); done && done->result) {
      Resumption resumption;
      resumption.add(*done, fail(Blame::Environment, "the queue is closed"));
      return resumption.post();
    } else {
      return;
    }
  }
  wake_.notify_one();
}

void Committer::finish() {
  {
    const std::lock_guard guard(lock_);
    ending_ = true;
    asleep_ = false;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Committer::run() {
  pthread_setname_np(pthread_self(), "commit");
  while (take()) {
    write_all();
    if (steady_now() >= next_tick_) tick();
  }
  sync();
}

// Waits for work or the next tick. False: the end, and nothing is left.
bool Committer::take() {
  std::unique_lock guard(lock_);
  if (submitted_.empty() && !ending_) {
    asleep_ = true;
    wake_.wait_until(guard, next_tick_, [&] { return !submitted_.empty() || ending_; });
    asleep_ = false;
  }
  if (submitted_.empty() && ending_) {
    closed_ = true;
    return false;
  }
  taken_.clear();
  std::swap(taken_, submitted_);
  return true;
}

void Committer::write_all() {
  if (!kept_.empty() && !store_.failing()) {
    Operations again;
    std::swap(again, kept_);
    write(again);
  }
  const std::span all(taken_);
  for (std::size_t from = 0; from < all.size();) {
    std::size_t until = from;
    do {
      ledger_.apply(all[until++]);
    } while (until < all.size() && ledger_.bytes() < batch_bytes);
    unlooked_ += ledger_.bytes();
    settle(all.subspan(from, until - from), ledger_.write());
    from = until;
    if (unlooked_ >= look_after_bytes) tick();  // a fast disk fills within a second
  }
  taken_.clear();
}

void Committer::write(std::span<Operation> operations) {
  for (const Operation& operation : operations) ledger_.apply(operation);
  settle(operations, ledger_.write());
}

void Committer::settle(std::span<Operation> operations, const Result<void>& written) {
  if (!written) {
    log_.error("queue").field("error", written.error().text());
    next_tick_ = {};
  }
  Resumption resumption;
  for (Operation& operation : operations) {
    if (Completion* done = completion_of(operation))
      resumption.add(*done, written);
    else if (!written)
      kept_.push_back(std::move(operation));
  }
  if (written) {
    post_mail();
    discard_files();
  }
  resumption.post();
}

void Committer::post_mail() {
  for (unsigned shard = 0; shard < ledger_.shards(); ++shard) {
    if (auto& mail = ledger_.mail(shard); !mail.empty()) post_(shard, std::exchange(mail, {}));
  }
}

void Committer::discard_files() {
  if (auto ids = ledger_.take_unneeded(); !ids.empty()) discard_(std::move(ids));
}

void Committer::tick() {
  next_tick_ = steady_now() + tick_interval;
  unlooked_ = 0;
  room_.check();
  sync();
}

// What rides along with the next sync does not wait longer than a tick for it.
void Committer::sync() {
  if (!ledger_.unsynced() || store_.failing()) return;
  if (auto synced = store_.sync(); !synced) {
    log_.error("queue").field("error", synced.error().text());
    return;
  }
  ledger_.synced();
  discard_files();
}

}  // namespace outrider::queue
