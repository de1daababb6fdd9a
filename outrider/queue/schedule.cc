#include "outrider/queue/schedule.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace outrider::queue {

DestinationId Schedule::destination(std::string_view key) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) return known->second;
  const auto number = static_cast<DestinationId>(destinations_.size());
  destinations_.emplace_back().key = key;
  by_key_.emplace(destinations_.back().key, number);
  return number;
}

const std::string& Schedule::key(DestinationId destination) const {
  assert(destination < destinations_.size());
  return destinations_[destination].key;
}

Schedule::Jobs::iterator Schedule::find(MessageId id, DestinationId destination) {
  auto [at, end] = jobs_.equal_range(id.value);
  for (; at != end; ++at) {
    if (at->second.destination == destination) return at;
  }
  return jobs_.end();
}

template <class Change>
void Schedule::for_each_job(MessageId id, Change change) {
  auto [at, end] = jobs_.equal_range(id.value);
  for (; at != end; ++at) change(at->second);
}

std::size_t& Schedule::count(State state) {
  if (state == State::Waiting) return tally_.waiting;
  if (state == State::Ready) return tally_.ready;
  return state == State::Claimed ? tally_.claimed : tally_.held;
}

// The one place where a job changes its state.
void Schedule::enter(MessageId id, Job& job, State state, Place place) {
  Destination& destination = destinations_[job.destination];
  if (job.state == State::Ready) --destination.ready;
  --count(job.state);
  ++count(state);
  job.state = state;
  if (state == State::Waiting) push({job.due, id, job.destination});
  if (state != State::Ready) return;

  if (!destination.line) destination.line = std::make_unique<std::deque<MessageId>>();
  if (place == Place::Front)
    destination.line->push_front(id);
  else
    destination.line->push_back(id);
  if (++destination.ready == 1) wake(job.destination);
}

void Schedule::settle(MessageId id, Job& job, Steady now) {
  if (job.held) return enter(id, job, State::Held);
  enter(id, job, job.due <= now ? State::Ready : State::Waiting);
}

void Schedule::wake(DestinationId destination) {
  if (destinations_[destination].until == Steady{}) woken_.push_back(destination);
}

void Schedule::add(NewJob job, Steady now) {
  assert(job.destination < destinations_.size());
  if (find(job.id, job.destination) != jobs_.end()) return;
  const auto place = jobs_.emplace(job.id.value, Job{job.due, std::move(job.fresh), job.destination,
                                                     job.group, State::Held, job.held});
  ++tally_.held;  // where settle() finds it
  settle(job.id, place->second, now);
}

std::optional<Schedule::Taken> Schedule::take(DestinationId number, Steady now) {
  assert(number < destinations_.size());
  Destination& destination = destinations_[number];
  if (destination.ready == 0 || destination.until > now) return std::nullopt;
  for (;;) {
    assert(!destination.line->empty());
    const MessageId id = destination.line->front();
    destination.line->pop_front();
    const auto job = find(id, number);
    if (job == jobs_.end() || job->second.state != State::Ready) continue;  // stale
    enter(id, job->second, State::Claimed);
    if (destination.ready == 0) destination.line.reset();
    return Taken{id, job->second.fresh, job->second.group, job->second.asked};
  }
}

void Schedule::give_back(MessageId id, DestinationId destination) {
  const auto job = find(id, destination);
  if (job == jobs_.end() || job->second.state != State::Claimed) return;
  enter(id, job->second, job->second.held ? State::Held : State::Ready, Place::Front);
}

bool Schedule::is_claimed(MessageId id, DestinationId destination) const {
  auto [at, end] = jobs_.equal_range(id.value);
  for (; at != end; ++at) {
    const Job& job = at->second;
    if (job.destination == destination) return job.state == State::Claimed && !job.held;
  }
  return false;
}

void Schedule::again(MessageId id, DestinationId destination, Steady due, Steady now) {
  const auto job = find(id, destination);
  if (job == jobs_.end() || job->second.state != State::Claimed) return;
  job->second.fresh.reset();  // its envelope is not true any more
  job->second.due = due;
  job->second.asked = false;
  settle(id, job->second, now);
}

void Schedule::gone(MessageId id, DestinationId destination) {
  const auto job = find(id, destination);
  if (job == jobs_.end()) return;
  enter(id, job->second, State::Claimed);
  --tally_.claimed;
  jobs_.erase(job);
}

void Schedule::hold(MessageId id) {
  for_each_job(id, [&](Job& job) {
    job.held = true;
    if (job.state != State::Claimed && job.state != State::Held) enter(id, job, State::Held);
  });
}

void Schedule::release(MessageId id) {
  for_each_job(id, [&](Job& job) {
    job.held = false;
    job.asked = job.state == State::Held;
    if (job.state == State::Held) enter(id, job, State::Ready);
  });
}

void Schedule::retry(MessageId id) {
  for_each_job(id, [&](Job& job) {
    if (job.state == State::Held || job.state == State::Claimed) return;
    job.asked = true;
    Destination& destination = destinations_[job.destination];
    const bool was_postponed = destination.until != Steady{};
    if (was_postponed) --postponed_;
    destination.until = {};
    if (job.state == State::Waiting) enter(id, job, State::Ready);
    if (was_postponed && destination.ready > 0) wake(job.destination);
  });
}

void Schedule::remove(MessageId id) {
  for_each_job(id, [&](Job& job) {
    enter(id, job, State::Claimed);
    --tally_.claimed;
  });
  jobs_.erase(id.value);
}

void Schedule::postpone(DestinationId number, Steady until, Steady now) {
  assert(number < destinations_.size());
  Destination& destination = destinations_[number];
  const bool was_postponed = destination.until != Steady{};
  if (until > now) {
    if (!was_postponed) ++postponed_;
    destination.until = until;
    return push({until, {}, number});
  }
  if (!was_postponed) return;
  --postponed_;
  destination.until = {};
  if (destination.ready > 0) wake(number);
}

void Schedule::advance(Steady now) {
  while (!due_.empty() && due_.front().at <= now) {
    const Due due = due_.front();
    std::pop_heap(due_.begin(), due_.end());
    due_.pop_back();
    if (due.id.value == 0) {
      Destination& destination = destinations_[due.destination];
      if (destination.until == due.at) postpone(due.destination, now, now);
      continue;
    }
    const auto job = find(due.id, due.destination);
    const bool stale =
        job == jobs_.end() || job->second.state != State::Waiting || job->second.due != due.at;
    if (!stale) enter(due.id, job->second, State::Ready);
  }
}

std::optional<Steady> Schedule::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.front().at;
}

std::vector<DestinationId> Schedule::take_woken() { return std::exchange(woken_, {}); }

void Schedule::push(Due due) {
  due_.push_back(due);
  std::push_heap(due_.begin(), due_.end());
  // Each live entry stands for a waiting job or a postponement: most of the heap is stale.
  if (due_.size() > 1024 && due_.size() > 2 * (tally_.waiting + postponed_)) sweep();
}

void Schedule::sweep() {
  std::erase_if(due_, [&](const Due& due) {
    if (due.id.value == 0) return destinations_[due.destination].until != due.at;
    const auto job = find(due.id, due.destination);
    return job == jobs_.end() || job->second.state != State::Waiting || job->second.due != due.at;
  });
  std::make_heap(due_.begin(), due_.end());
}

}  // namespace outrider::queue
