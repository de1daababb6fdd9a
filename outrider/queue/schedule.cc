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

Schedule::Jobs::iterator Schedule::find(Key key) {
  auto [at, end] = jobs_.equal_range(key);
  for (; at != end; ++at) {
    if (at->first.destination == key.destination) return at;
  }
  return jobs_.end();
}

Schedule::Jobs::const_iterator Schedule::find(Key key) const {
  return const_cast<Schedule*>(this)->find(key);
}

template <class Change>
void Schedule::for_each_job(MessageId id, Change change) {
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    auto [at, end] = jobs_.equal_range(Key{id, slot});
    for (; at != end; ++at) change(*at);
  }
}

std::size_t& Schedule::count(State state) {
  if (state == State::Waiting) return tally_.waiting;
  if (state == State::Ready) return tally_.ready;
  return state == State::Claimed ? tally_.claimed : tally_.held;
}

// The one place where a job changes its state.
void Schedule::enter(Entry& entry, State state, Place place) {
  auto& [key, job] = entry;
  Destination& destination = destinations_[key.destination];
  if (job.state == State::Ready) --destination.ready;
  --count(job.state);
  ++count(state);
  job.state = state;
  if (state == State::Waiting) push({job.due, key});
  if (state != State::Ready) return;

  if (!destination.line) destination.line = std::make_unique<std::deque<MessageId>>();
  if (place == Place::Front)
    destination.line->push_front(key.id);
  else
    destination.line->push_back(key.id);
  if (++destination.ready == 1) wake(key.destination);
}

void Schedule::settle(Entry& entry, Steady now) {
  if (entry.second.held) return enter(entry, State::Held);
  enter(entry, entry.second.due <= now ? State::Ready : State::Waiting);
}

void Schedule::wake(DestinationId destination) {
  if (destinations_[destination].until == Steady{}) woken_.push_back(destination);
}

void Schedule::add(NewJob job, Steady now) {
  assert(job.destination < destinations_.size());
  const Key key{job.id, job.destination};
  if (find(key) != jobs_.end()) return;
  const auto place =
      jobs_.emplace(key, Job{job.due, std::move(job.fresh), job.group, State::Held, job.held});
  ++tally_.held;  // where settle() finds it
  settle(*place, now);
}

std::optional<Schedule::Taken> Schedule::take(DestinationId number, Steady now) {
  assert(number < destinations_.size());
  Destination& destination = destinations_[number];
  if (destination.ready == 0 || destination.until > now) return std::nullopt;
  for (;;) {
    assert(!destination.line->empty());
    const MessageId id = destination.line->front();
    destination.line->pop_front();
    const auto job = find({id, number});
    if (job == jobs_.end() || job->second.state != State::Ready) continue;  // stale
    enter(*job, State::Claimed);
    if (destination.ready == 0) destination.line.reset();
    return Taken{id, job->second.fresh, job->second.group, job->second.asked};
  }
}

void Schedule::give_back(MessageId id, DestinationId destination) {
  const auto job = find({id, destination});
  if (job == jobs_.end() || job->second.state != State::Claimed) return;
  enter(*job, job->second.held ? State::Held : State::Ready, Place::Front);
}

bool Schedule::is_claimed(MessageId id, DestinationId destination) const {
  const auto job = find({id, destination});
  return job != jobs_.end() && job->second.state == State::Claimed && !job->second.held;
}

void Schedule::again(MessageId id, DestinationId destination, Steady due, Steady now) {
  const auto job = find({id, destination});
  if (job == jobs_.end() || job->second.state != State::Claimed) return;
  job->second.fresh.reset();  // its envelope is not true any more
  job->second.due = due;
  job->second.asked = false;
  settle(*job, now);
}

void Schedule::gone(MessageId id, DestinationId destination) {
  const auto job = find({id, destination});
  if (job == jobs_.end()) return;
  enter(*job, State::Claimed);
  --tally_.claimed;
  jobs_.erase(job);
}

void Schedule::hold(MessageId id) {
  for_each_job(id, [&](Entry& entry) {
    Job& job = entry.second;
    job.held = true;
    if (job.state != State::Claimed && job.state != State::Held) enter(entry, State::Held);
  });
}

void Schedule::release(MessageId id) {
  for_each_job(id, [&](Entry& entry) {
    Job& job = entry.second;
    job.held = false;
    job.asked = job.state == State::Held;
    if (job.state == State::Held) enter(entry, State::Ready);
  });
}

void Schedule::retry(MessageId id) {
  for_each_job(id, [&](Entry& entry) {
    auto& [key, job] = entry;
    if (job.state == State::Held || job.state == State::Claimed) return;
    job.asked = true;
    Destination& destination = destinations_[key.destination];
    const bool was_postponed = destination.until != Steady{};
    if (was_postponed) --postponed_;
    destination.until = {};
    if (job.state == State::Waiting) enter(entry, State::Ready);
    if (was_postponed && destination.ready > 0) wake(key.destination);
  });
}

void Schedule::remove(MessageId id) {
  for_each_job(id, [&](Entry& entry) {
    enter(entry, State::Claimed);
    --tally_.claimed;
  });
  for (std::uint32_t slot = 0; slot < slots; ++slot) jobs_.erase(Key{id, slot});
}

void Schedule::postpone(DestinationId number, Steady until, Steady now) {
  assert(number < destinations_.size());
  Destination& destination = destinations_[number];
  const bool was_postponed = destination.until != Steady{};
  if (until > now) {
    if (!was_postponed) ++postponed_;
    destination.until = until;
    return push({until, {{}, number}});
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
    if (due.job.id.value == 0) {
      const DestinationId destination = due.job.destination;
      if (destinations_[destination].until == due.at) postpone(destination, now, now);
      continue;
    }
    const auto job = find(due.job);
    const bool stale =
        job == jobs_.end() || job->second.state != State::Waiting || job->second.due != due.at;
    if (!stale) enter(*job, State::Ready);
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
    if (due.job.id.value == 0) return destinations_[due.job.destination].until != due.at;
    const auto job = find(due.job);
    return job == jobs_.end() || job->second.state != State::Waiting || job->second.due != due.at;
  });
  std::make_heap(due_.begin(), due_.end());
}

}  // namespace outrider::queue
