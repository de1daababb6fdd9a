#include "outrider/queue/schedule.h"

#include <gmock/gmock.h>

#include <malloc.h>

#include <map>
#include <random>
#include <set>

namespace outrider::queue {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Steady start{std::chrono::hours(1)};

TEST(Schedule, NumbersDestinationsOnce) {
  Schedule schedule;
  const auto one = schedule.destination("one");
  EXPECT_NE(schedule.destination("two"), one);
  EXPECT_EQ(schedule.destination("one"), one);
  EXPECT_EQ(schedule.key(one), "one");
}

TEST(Schedule, HandsOutInTheOrderInWhichJobsBecameReady) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {3}, .destination = at, .due = start + 1s}, start);
  schedule.add({.id = {1}, .destination = at}, start);
  schedule.add({.id = {2}, .destination = at}, start);
  EXPECT_EQ(schedule.next_due(), start + 1s);
  schedule.advance(start + 1s);
  for (const std::uint64_t id : {1, 2, 3})
    EXPECT_EQ(schedule.take(at, start + 1s)->id, MessageId{id});
  EXPECT_FALSE(schedule.take(at, start + 1s));
}

TEST(Schedule, WakesADestinationThatHadNoWorkOnce) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {1}, .destination = at}, start);
  schedule.add({.id = {2}, .destination = at}, start);
  EXPECT_THAT(schedule.take_woken(), ElementsAre(at));
  EXPECT_THAT(schedule.take_woken(), IsEmpty());
  schedule.take(at, start);
  schedule.take(at, start);
  schedule.add({.id = {3}, .destination = at}, start);
  EXPECT_THAT(schedule.take_woken(), ElementsAre(at));
}

TEST(Schedule, AddsAJobOnce) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {1}, .destination = at}, start);
  schedule.add({.id = {1}, .destination = at}, start);
  EXPECT_TRUE(schedule.take(at, start));
  EXPECT_FALSE(schedule.take(at, start));
}

TEST(Schedule, APostponedDestinationRests) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.postpone(at, start + 10s, start);
  schedule.add({.id = {1}, .destination = at}, start);
  EXPECT_THAT(schedule.take_woken(), IsEmpty());
  EXPECT_FALSE(schedule.take(at, start));
  schedule.postpone(at, start + 20s, start);
  schedule.advance(start + 10s);
  EXPECT_FALSE(schedule.take(at, start + 10s));
  schedule.advance(start + 20s);
  EXPECT_THAT(schedule.take_woken(), ElementsAre(at));
  EXPECT_TRUE(schedule.take(at, start + 20s));
}

TEST(Schedule, RetryEndsAPostponement) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {1}, .destination = at}, start);
  schedule.take_woken();
  schedule.postpone(at, start + 10s, start);
  schedule.retry({1});
  EXPECT_THAT(schedule.take_woken(), ElementsAre(at));
  EXPECT_TRUE(schedule.take(at, start));
}

// L7, L9: what an operator wants now is told apart from what was due anyway.
TEST(Schedule, L7_TellsWhatAnOperatorAskedFor) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {1}, .destination = at, .due = start + 10s}, start);
  schedule.retry({1});
  EXPECT_TRUE(schedule.take(at, start)->asked);
  schedule.again({1}, at, start + 5s, start);
  schedule.advance(start + 5s);
  EXPECT_FALSE(schedule.take(at, start + 5s)->asked);
  schedule.again({1}, at, start + 9s, start);
  schedule.hold({1});
  schedule.release({1});
  EXPECT_TRUE(schedule.take(at, start + 5s)->asked);
}

TEST(Schedule, HoldReachesAllJobsOfAMessage) {
  Schedule schedule;
  const auto one = schedule.destination("one"), two = schedule.destination("two");
  const auto three = schedule.destination("three");
  schedule.add({.id = {1}, .destination = one}, start);
  schedule.add({.id = {1}, .destination = two, .due = start + 1s}, start);
  schedule.add({.id = {1}, .destination = three}, start);
  schedule.take(three, start);
  schedule.hold({1});
  schedule.advance(start + 1s);
  EXPECT_FALSE(schedule.take(one, start + 1s));
  EXPECT_FALSE(schedule.take(two, start + 1s));
  EXPECT_FALSE(schedule.is_claimed({1}, three));
  schedule.again({1}, three, start, start);
  EXPECT_FALSE(schedule.take(three, start + 1s));
  EXPECT_EQ(schedule.tally().held, 3u);
  schedule.release({1});
  for (const auto at : {one, two, three}) EXPECT_TRUE(schedule.take(at, start + 1s));
}

TEST(Schedule, AJobThatWasHeldAndReleasedIsHandedOutOnce) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {1}, .destination = at}, start);
  schedule.hold({1});
  schedule.release({1});
  EXPECT_TRUE(schedule.take(at, start));
  EXPECT_FALSE(schedule.take(at, start));
}

TEST(Schedule, NewsOfRemovedJobsIsNoFault) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  schedule.add({.id = {1}, .destination = at}, start);
  schedule.take(at, start);
  schedule.remove({1});
  schedule.again({1}, at, start, start);
  schedule.give_back({1}, at);
  schedule.gone({1}, at);
  schedule.hold({1});
  EXPECT_EQ(schedule.tally().claimed, 0u);
  EXPECT_FALSE(schedule.take(at, start));
}

TEST(Schedule, KeepsAFreshMessageUntilItsEnvelopeIsOutOfDate) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  const auto budget = std::make_shared<Budget>(0);
  const auto fresh = std::make_shared<const Fresh>(budget);
  schedule.add({.id = {1}, .destination = at, .fresh = fresh, .group = 5}, start);
  auto taken = schedule.take(at, start);
  EXPECT_EQ(taken->fresh, fresh);
  EXPECT_EQ(taken->group, 5u);
  schedule.give_back({1}, at);
  EXPECT_EQ(schedule.take(at, start)->fresh, fresh);
  schedule.again({1}, at, start, start);
  EXPECT_EQ(schedule.take(at, start)->fresh, nullptr);
}

// Any order of events: a job is in one state, nothing is handed out twice, and all comes out.
TEST(Schedule, LosesAndRepeatsNothing) {
  std::minstd_rand random(11);
  Schedule schedule;
  Steady now = start;
  std::set<std::uint64_t> there, held;
  std::map<std::uint64_t, DestinationId> claimed;
  const auto at_of = [&](std::uint64_t id) { return schedule.destination(std::to_string(id % 5)); };
  for (std::uint64_t step = 1; step < 30'000; ++step) {
    const std::uint64_t id =
        there.empty() ? 0 : *there.lower_bound(random() % (*there.rbegin() + 1));
    switch (random() % 9) {
      case 0:
        schedule.add({.id = {step},
                      .destination = at_of(step),
                      .due = now + std::chrono::seconds(random() % 20)},
                     now);
        there.insert(step);
        break;
      case 1:
      case 2:
      case 3:
        if (const auto taken = schedule.take(at_of(random()), now)) {
          EXPECT_TRUE(there.contains(taken->id.value));
          EXPECT_FALSE(held.contains(taken->id.value));
          EXPECT_TRUE(claimed.emplace(taken->id.value, at_of(taken->id.value)).second);
        }
        break;
      case 4:
        if (claimed.contains(id)) {
          schedule.again({id}, at_of(id), now + std::chrono::seconds(random() % 9), now);
          claimed.erase(id);
        }
        break;
      case 5:
        if (claimed.contains(id)) {
          schedule.gone({id}, at_of(id));
          claimed.erase(id);
          there.erase(id);
          held.erase(id);
        }
        break;
      case 6:
        now += std::chrono::seconds(random() % 5);
        schedule.advance(now);
        break;
      case 7:
        if (id && random() % 2)
          schedule.hold({id}), held.insert(id);
        else if (id)
          schedule.release({id}), held.erase(id);
        break;
      case 8: schedule.postpone(at_of(random()), now + 2s, now); break;
    }
    const auto& tally = schedule.tally();
    ASSERT_EQ(tally.waiting + tally.ready + tally.held + tally.claimed, there.size());
    ASSERT_EQ(tally.claimed, claimed.size());
  }
  for (const auto& [id, at] : claimed) schedule.give_back({id}, at);
  for (const std::uint64_t id : held) schedule.release({id});
  schedule.advance(now + 1h);
  for (std::uint64_t key = 0; key < 5; ++key) {
    while (const auto taken = schedule.take(at_of(key), now + 1h))
      EXPECT_EQ(there.erase(taken->id.value), 1u);
  }
  EXPECT_THAT(there, IsEmpty());
}

TEST(Schedule, DeferredJobsTakeLittleMemory) {
  Schedule schedule;
  const auto at = schedule.destination("one");
  const auto before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (std::uint64_t id = 1; id <= 200'000; ++id)
    schedule.add({.id = {id}, .destination = at, .due = start + std::chrono::seconds(id)}, start);
  const auto bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
  EXPECT_LE(bytes / 200'000, 200u);
  // Retried again and again, old times do not pile up.
  for (std::uint64_t round = 0; round < 20; ++round) {
    for (std::uint64_t id = 1; id <= 2'000; ++id) {
      schedule.retry({id});
      ASSERT_TRUE(schedule.take(at, start));
      schedule.again({id}, at, start + std::chrono::seconds(id), start);
    }
  }
  EXPECT_LE((mallinfo2().uordblks + mallinfo2().hblkhd - before) / 200'000, 200u);
}

}  // namespace
}  // namespace outrider::queue
