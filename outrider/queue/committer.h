// The commit thread: whatever the other threads hand over while one sync runs goes into the next
// batch, with one sync for all. So one client alone waits for one sync, and a hundred share it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/queue/ledger.h"
#include "outrider/queue/operation.h"
#include "outrider/queue/room.h"

namespace outrider::queue {

class Committer {
 public:
  using Post = std::function<void(unsigned shard, std::vector<Mail> mail)>;
  using Discard = std::function<void(std::vector<MessageId> ids)>;

  /// Both are called on the commit thread: `post` after a batch is written, `discard` with messages
  /// whose files nothing on disk names any more. Starts the thread.
  Committer(store::Store& store, Ledger& ledger, Room& room, Post post, Discard discard, Log& log);
  ~Committer();  ///< finish()
  Committer(const Committer&) = delete;

  /// From any thread. After finish(), waiters are told that the queue is closed.
  void submit(Operation operation);
  /// Writes what was submitted, and ends the thread.
  void finish();

 private:
  using Operations = std::vector<Operation>;

  void run();
  bool take();
  void write_all();
  void write(std::span<Operation> operations);
  void settle(std::span<Operation> operations, const Result<void>& written);
  void post_mail();
  void discard_files();
  void tick();
  void sync();

  store::Store& store_;
  Ledger& ledger_;
  Room& room_;
  Post post_;
  Discard discard_;
  Log& log_;

  std::mutex lock_;
  std::condition_variable wake_;
  Operations submitted_;
  bool asleep_ = false;
  bool ending_ = false;
  bool closed_ = false;

  // Of the commit thread.
  Operations taken_;
  Operations kept_;  ///< records of what has happened already: written when the store is back
  Steady next_tick_{};
  std::size_t unlooked_ = 0;  ///< bytes written since free space was looked at
  std::thread thread_;
};

}  // namespace outrider::queue
