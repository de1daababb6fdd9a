#include "outrider/queue/shard.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <utility>

namespace outrider::queue {

void Shard::deliver(std::vector<Mail> mail) {
  const std::lock_guard guard(lock_);
  // Under the lock: after stop() nothing is posted, for the executor may end.
  if (stopped_) return;
  if (mailbox_.empty())
    mailbox_ = std::move(mail);
  else
    std::ranges::move(mail, std::back_inserter(mailbox_));
  post();
}

// Under the lock. Where nobody is attached, mail gathers.
void Shard::post() {
  if (!executor_ || std::exchange(posted_, true)) return;
  boost::asio::post(executor_, [self = shared_from_this()] { self->turn(); });
}

void Shard::stop() {
  const std::lock_guard guard(lock_);
  stopped_ = true;
  mailbox_.clear();
}

void Shard::attach(boost::asio::any_io_executor executor, DueCallback due) {
  due_ = std::move(due);
  const std::lock_guard guard(lock_);
  executor_ = std::move(executor);
  post();
}

void Shard::turn() {
  std::vector<Mail> mail;
  {
    const std::lock_guard guard(lock_);
    posted_ = false;
    std::swap(mail, mailbox_);
  }
  if (stopped_) return;
  const Steady now = steady_now();
  for (Mail& each : mail) read(each, now);
  schedule_.advance(now);
  publish();
  for (const DestinationId destination : schedule_.take_woken())
    due_(destination, schedule_.key(destination));
  set_timer();
}

void Shard::read(Mail& mail, Steady now) {
  switch (mail.kind) {
    case Mail::Kind::New: {
      const auto destination = schedule_.destination(mail.fresh->groups[mail.group].key);
      if (!mail.in_memory) mail.fresh.reset();
      return schedule_.add({.id = mail.id,
                            .destination = destination,
                            .due = mail.due,
                            .fresh = std::move(mail.fresh),
                            .group = mail.group},
                           now);
    }
    case Mail::Kind::Again: return schedule_.again(mail.id, mail.destination, mail.due, now);
    case Mail::Kind::Gone: return schedule_.gone(mail.id, mail.destination);
    case Mail::Kind::Hold: return schedule_.hold(mail.id);
    case Mail::Kind::Release: return schedule_.release(mail.id);
    case Mail::Kind::Retry: return schedule_.retry(mail.id);
    case Mail::Kind::Remove: return schedule_.remove(mail.id);
  }
}

void Shard::publish() {
  claimed_ = schedule_.tally().claimed;
  waiting_ = schedule_.tally().waiting;
}

void Shard::changed() {
  publish();
  const std::lock_guard guard(lock_);
  if (stopped_) return;
  // The callback may claim at once: never from inside a claim.
  if (schedule_.has_woken())
    post();
  else
    set_timer();
}

void Shard::set_timer() {
  const auto next = schedule_.next_due();
  if (!next) return;
  auto timer = timer_.lock();
  if (timer && timer_at_ <= *next) return;
  if (!timer) timer_ = timer = std::make_shared<boost::asio::steady_timer>(executor_);
  timer_at_ = *next;
  timer->expires_at(*next);
  auto wait = [self = shared_from_this(), timer](const boost::system::error_code& error) mutable {
    timer.reset();
    if (!error) self->turn();
  };
  timer->async_wait(std::move(wait));
}

}  // namespace outrider::queue
