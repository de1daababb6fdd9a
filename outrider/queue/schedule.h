// What is due, and what is being delivered: the part of the queue in memory. Pure; times come
// from outside and are steady, so that a clock set back holds up nothing.
//
// A job is the part of one message that goes to one destination. It waits for its time, is ready,
// is claimed, or is held. About 120 bytes a job; envelopes stay on disk.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/message_id.h"
#include "outrider/queue/fresh.h"
#include "outrider/queue/queue.h"

namespace outrider::queue {

class Schedule {
 public:
  struct Tally {
    std::size_t waiting = 0, ready = 0, claimed = 0, held = 0;
  };
  struct Taken {
    MessageId id;
    std::shared_ptr<const Fresh> fresh;  ///< null: read it from disk
    std::uint32_t group = 0;             ///< in fresh->groups
    bool asked = false;                  ///< by an operator
  };
  struct NewJob {
    MessageId id;
    DestinationId destination = 0;
    Steady due{};  ///< ready at once where it has passed
    bool held = false;
    std::shared_ptr<const Fresh> fresh;
    std::uint32_t group = 0;
  };

  /// The number of a key, new or known.
  DestinationId destination(std::string_view key);
  const std::string& key(DestinationId destination) const;
  std::size_t destinations() const { return destinations_.size(); }

  void add(NewJob job, Steady now);  ///< nothing where the job is there already
  /// The job that has been ready longest; nothing while the destination is postponed.
  std::optional<Taken> take(DestinationId destination, Steady now);

  // A claimed job's way on. Unknown jobs (removed meanwhile) are no fault.
  void give_back(MessageId id, DestinationId destination);  ///< ready, before all others
  void again(MessageId id, DestinationId destination, Steady due, Steady now);
  void gone(MessageId id, DestinationId destination);

  /// False where it was removed or shall be held since take().
  bool is_claimed(MessageId id, DestinationId destination) const;

  // All jobs of a message that are here.
  void hold(MessageId id);  ///< a claimed one after its attempt
  void release(MessageId id);
  void retry(MessageId id);
  void remove(MessageId id);

  void postpone(DestinationId destination, Steady until, Steady now);
  /// Makes ready what is due by now.
  void advance(Steady now);
  std::optional<Steady> next_due() const;

  /// Destinations that got work while they had none, since the last call.
  std::vector<DestinationId> take_woken();
  bool has_woken() const { return !woken_.empty(); }
  const Tally& tally() const { return tally_; }

 private:
  enum class State : std::uint8_t { Waiting, Ready, Claimed, Held };
  struct Job {
    Steady due{};
    std::shared_ptr<const Fresh> fresh;
    std::uint32_t group = 0;
    State state = State::Waiting;
    bool held = false;   ///< a claimed job is held after its attempt
    bool asked = false;  ///< an operator wants a try now
  };
  struct Destination {
    std::string key;
    std::unique_ptr<std::deque<MessageId>> line;  ///< none without work; may hold stale ids
    std::size_t ready = 0;
    Steady until{};  ///< postponed
  };
  struct Key {
    MessageId id;
    DestinationId destination = 0;
    std::uint32_t slot() const { return destination % slots; }
  };
  // The jobs of a message are found by a few lookups, and one of them by its slot alone: a message
  // may have 10,000.
  static constexpr std::uint32_t slots = 64;
  struct HashSlot {
    std::size_t operator()(const Key& key) const noexcept {
      return key.id.value + key.slot() * 0x9E3779B97F4A7C15u;
    }
  };
  struct SameSlot {
    bool operator()(const Key& a, const Key& b) const noexcept {
      return a.id == b.id && a.slot() == b.slot();
    }
  };
  using Jobs = std::unordered_multimap<Key, Job, HashSlot, SameSlot>;
  using Entry = Jobs::value_type;
  /// A job's time, or (id 0) the end of a postponement. Stale where the job says otherwise.
  struct Due {
    Steady at;
    Key job;
    bool operator<(const Due& other) const { return at > other.at; }
  };
  enum class Place : std::uint8_t { Front, Back };

  Jobs::iterator find(Key key);
  Jobs::const_iterator find(Key key) const;
  template <class Change>
  void for_each_job(MessageId id, Change change);
  std::size_t& count(State state);
  void enter(Entry& entry, State state, Place place = Place::Back);
  void settle(Entry& entry, Steady now);
  void wake(DestinationId destination);
  void push(Due due);
  void sweep();

  std::deque<Destination> destinations_;
  std::unordered_map<std::string_view, DestinationId> by_key_;
  Jobs jobs_;
  std::vector<Due> due_;  // a heap
  std::size_t postponed_ = 0;
  std::vector<DestinationId> woken_;
  Tally tally_;
};

}  // namespace outrider::queue
