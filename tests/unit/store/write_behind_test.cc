#include "outrider/store/write_behind.h"

#include <gtest/gtest.h>

#include <atomic>

namespace outrider::store {
namespace {

using namespace std::chrono_literals;

TEST(WriteBehind, WritesByItself) {
  std::atomic<int> written = 0;
  const WriteBehind writer(1ms, [&] { ++written; });
  const auto end = steady_now() + 10s;
  while (written < 3 && steady_now() < end) std::this_thread::sleep_for(1ms);
  EXPECT_GE(written, 3);
}

TEST(WriteBehind, WritesOnceMoreAtTheEndWithoutWaiting) {
  std::atomic<int> written = 0;
  const auto begin = steady_now();
  {
    const WriteBehind writer(1h, [&] { ++written; });
  }
  EXPECT_EQ(written, 1);
  EXPECT_LT(steady_now() - begin, 5s);
}

}  // namespace
}  // namespace outrider::store
