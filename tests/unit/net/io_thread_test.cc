#include "outrider/net/io_thread.h"

#include "loop.h"

namespace outrider::net {
namespace {

TEST(Limit, FiresOnceAfterItsTimeAndNotWhenCleared) {
  Running running;
  auto body = [&]() -> awaitable<void> {
    const auto count = [](void* context) { ++*static_cast<int*>(context); };
    int soon = 0, cleared = 0, far = 0, again = 0;
    Limit first, second, third, fourth;
    first.set(running.thread, steady_now(), count, &soon);
    second.set(running.thread, steady_now(), count, &cleared);
    third.set(running.thread, steady_now() + 60s, count, &far);
    fourth.set(running.thread, steady_now(), count, &again);
    fourth.set(running.thread, steady_now() + 60s, count, &again);
    second.clear();
    second.clear();
    {
      Limit gone;
      gone.set(running.thread, steady_now(), count, &cleared);
    }
    EXPECT_EQ(soon, 0);
    co_await running.thread.sleep(1100ms);
    EXPECT_EQ(soon, 1);
    EXPECT_EQ(cleared, 0);
    EXPECT_EQ(far, 0);
    EXPECT_EQ(again, 0);
  };
  running.run(body());
}

TEST(Limit, MayClearOthersThatAreDue) {
  Running running;
  auto body = [&]() -> awaitable<void> {
    struct Both {
      Limit one, two;
      int fired = 0;
    } both;
    const auto clear_all = [](void* context) {
      auto& all = *static_cast<Both*>(context);
      ++all.fired;
      all.one.clear();
      all.two.clear();
    };
    both.one.set(running.thread, steady_now(), clear_all, &both);
    both.two.set(running.thread, steady_now(), clear_all, &both);
    co_await running.thread.sleep(1100ms);
    EXPECT_EQ(both.fired, 1);
  };
  running.run(body());
}

TEST(IoThread, RunsWhatOthersPost) {
  Running running(3);
  EXPECT_EQ(running.thread.index(), 3u);
  std::promise<std::thread::id> ran;
  running.thread.post([&] { ran.set_value(std::this_thread::get_id()); });
  EXPECT_TRUE(ran.get_future().get() != std::this_thread::get_id());
}

TEST(IoThread, AbandonsWhatWaitsWhenItStops) {
  auto alive = std::make_shared<int>(1);
  {
    IoThread thread(0);
    thread.start();
    auto wait = [](IoThread& on, std::shared_ptr<int>) -> awaitable<void> {
      Ends ends(on);
      co_await ends.left.wait_readable(60s);
    };
    thread.spawn(wait(thread, alive));
    std::promise<void> begun;
    thread.post([&] { begun.set_value(); });
    begun.get_future().wait();
    thread.stop();
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace outrider::net
