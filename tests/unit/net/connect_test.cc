#include <gmock/gmock.h>

#include "loop.h"

namespace outrider::net {
namespace {

TEST(Connect, SaysWhoRefused) {
  Running running;
  auto body = [&]() -> awaitable<void> {
    const auto nobody = *Endpoint::parse("127.0.0.1:1");
    const auto refused = co_await connect_tcp(running.thread, nobody, {}, 1s);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().text(), "127.0.0.1:1: cannot connect: Connection refused");
    const auto absent = co_await connect_unix(running.thread, "/nowhere/socket", 1s);
    EXPECT_THAT(absent.error().text(), testing::HasSubstr("/nowhere/socket"));
    const std::string long_path(200, 'x');
    EXPECT_FALSE(co_await connect_unix(running.thread, long_path, 1s));
  };
  running.run(body());
}

TEST(Connect, StartsFromTheSourceAsked) {
  Running running;
  std::optional<Endpoint> seen;
  auto task = [&](Stream stream) -> awaitable<void> {
    seen = stream.peer();
    co_await stream.shutdown();
  };
  Server server(running.thread, task);
  auto body = [&]() -> awaitable<void> {
    const auto source = IpAddress::parse("127.0.0.7");
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), source, 1s);
    EXPECT_TRUE(stream) << stream.error().text();
    co_await read_all(*stream);
    EXPECT_EQ(seen->address, source);
  };
  running.run(body());
}

}  // namespace
}  // namespace outrider::net
