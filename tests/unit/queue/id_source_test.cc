#include "outrider/queue/id_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace outrider::queue {
namespace {

using namespace std::chrono_literals;

TEST(IdSource, FollowsTheClock) {
  IdSource ids({0});
  const Time noon{Duration(1'700'000'000'000)};
  const auto id = ids.next(noon);
  EXPECT_EQ(id.value >> 22, 1'700'000'000'000u);
  EXPECT_EQ(ids.next(noon).value, id.value + 1);
  EXPECT_EQ(ids.next(noon + 1ms).value >> 22, 1'700'000'000'001u);
}

TEST(IdSource, GoesOnFromItsFloorWhateverTheClockSays) {
  const MessageId floor{1'800'000'000'000ull << 22};
  IdSource ids(floor);
  EXPECT_EQ(ids.next(Time{}).value, floor.value + 1);
  EXPECT_EQ(ids.next(Time{Duration(1'700'000'000'000)}).value, floor.value + 2);
}

TEST(IdSource, CeilingIsAboveWhatIsGivenSoon) {
  IdSource ids({0});
  const Time noon{Duration(1'700'000'000'000)};
  const auto ceiling = IdSource::ceiling_above(ids.next(noon));
  EXPECT_LT(ids.next(noon + 9s), ceiling);
  EXPECT_GT(ids.next(noon + 11s), ceiling);
}

TEST(IdSource, GivesNoIdTwiceToManyThreads) {
  IdSource ids({0});
  std::vector<std::vector<MessageId>> given(4);
  std::vector<std::thread> threads;
  for (auto& mine : given) {
    threads.emplace_back([&] {
      for (int at = 0; at < 5000; ++at) mine.push_back(ids.next(Time{}));
    });
  }
  for (auto& thread : threads) thread.join();
  std::vector<MessageId> all;
  for (const auto& mine : given) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

}  // namespace
}  // namespace outrider::queue
