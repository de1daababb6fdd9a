#include "outrider/deliver/site.h"

#include <gmock/gmock.h>

#include "support/memory_queue.h"
#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

struct Ground {
  Ground() : log(log_to()), site(options(), {}, queue, world, log) {}
  static Options options() {
    Options options;
    options.hostname = "Relay.Test";
    options.own_names = {"mx.relay.test"};
    return options;
  }
  LogOptions log_to() const {
    LogOptions to;
    to.path = folder / "log";
    return to;
  }
  TestFolder folder;
  Log log;
  test::MemoryQueue queue;
  SmallWorld world;
  Site site;
};

TEST(Site, ItsOwnNamesAreThoseGivenAndItsHostName) {
  Ground ground;
  EXPECT_THAT(ground.site.hops.own_names,
              testing::UnorderedElementsAre("mx.relay.test", "relay.test"));
  EXPECT_TRUE(ground.site.lmtp.lmtp);
  EXPECT_FALSE(ground.site.smtp.lmtp);
}

TEST(Site, NewWaysAreANewGeneration) {
  Ground ground;
  const auto before = ground.site.generation();
  const auto routes = std::make_shared<const Routes>();
  ground.site.set_ways({routes, {}});
  EXPECT_NE(ground.site.generation(), before);
  EXPECT_EQ(ground.site.ways()->routes, routes);
}

TEST(Site, IsQuietWhenAllThatBeganHasEnded) {
  Ground ground;
  EXPECT_TRUE(ground.site.wait_until_quiet(0ms));
  ground.site.began();
  EXPECT_FALSE(ground.site.wait_until_quiet(1ms));
  std::thread later([&] { ground.site.ended(); });
  EXPECT_TRUE(ground.site.wait_until_quiet(5s));
  later.join();
}

}  // namespace
}  // namespace outrider::deliver
