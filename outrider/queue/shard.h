// A schedule on its own thread: news comes by a mailbox, time by one timer, and who delivers is
// told which destinations have work.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "outrider/queue/operation.h"
#include "outrider/queue/schedule.h"

namespace outrider::queue {

class Shard : public std::enable_shared_from_this<Shard> {
 public:
  using DueCallback = std::function<void(DestinationId, const std::string& key)>;

  // From any thread.
  void deliver(std::vector<Mail> mail);
  void stop();
  bool stopped() const { return stopped_; }
  std::size_t claimed() const { return claimed_; }
  std::size_t waiting() const { return waiting_; }

  /// From the thread of `executor`, or before that runs. Once.
  void attach(boost::asio::any_io_executor executor, DueCallback due);

  /// On the executor's thread only, or before attach(). Call changed() after changes.
  Schedule& schedule() { return schedule_; }
  void changed();

 private:
  void post();
  void turn();
  void read(Mail& mail, Steady now);
  void publish();
  void set_timer();

  std::mutex lock_;
  std::vector<Mail> mailbox_;
  bool posted_ = false;
  boost::asio::any_io_executor executor_;

  DueCallback due_;
  Schedule schedule_;
  // Owned by its pending wait, so that it ends with the executor's context and never after it.
  std::weak_ptr<boost::asio::steady_timer> timer_;
  Steady timer_at_{};
  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> claimed_{0}, waiting_{0};
};

}  // namespace outrider::queue
