// Covers: net/connection.cc, which work inside it.
#include <gmock/gmock.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>

#include "loop.h"

namespace outrider::net {
namespace {

TEST(Stream, ReadsWhatWasWritten) {
  Running running;
  auto body = [&]() -> awaitable<void> {
    Ends ends(running.thread);
    EXPECT_TRUE(co_await ends.left.write("EHLO\r\n", 1s));
    char buffer[64];
    EXPECT_TRUE(co_await ends.right.wait_readable(1s));
    const auto got = co_await ends.right.read_some(buffer, 1s);
    EXPECT_EQ(std::string(buffer, got.value_or(0)), "EHLO\r\n");
    EXPECT_EQ(ends.right.tls(), nullptr);
    EXPECT_FALSE(ends.right.peer());
  };
  running.run(body());
}

TEST(Stream, EndsOfAPeerReadAsZeroAndLeaveTheOtherWayOpen) {
  Running running;
  auto task = [](Stream stream) -> awaitable<void> {
    const auto all = co_await read_all(stream);
    const auto reply = "got " + std::to_string(all.size());
    co_await stream.write(reply, 1s);
    co_await stream.shutdown();
  };
  Server server(running.thread, task);
  auto body = [&]() -> awaitable<void> {
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), {}, 1s);
    EXPECT_TRUE(stream) << stream.error().text();
    EXPECT_EQ(stream->peer(), server.endpoint());
    EXPECT_NE(stream->local()->port, 0);
    EXPECT_TRUE(co_await stream->write("12345", 1s));
    stream->end_writing();
    const auto all = co_await read_all(*stream);
    EXPECT_EQ(all, "got 5");
  };
  running.run(body());
}

TEST(Stream, LargeWritesWaitForTheReaderBothWays) {
  Running running;
  constexpr std::size_t size = 8 << 20;
  auto echo = [](Stream stream) -> awaitable<void> {
    std::vector<char> buffer(65536);
    for (;;) {
      const auto got = co_await stream.read_some(buffer, 5s);
      if (!got || *got == 0) co_return;
      if (!co_await stream.write({buffer.data(), *got}, 5s)) co_return;
    }
  };
  Server server(running.thread, echo);
  auto body = [&]() -> awaitable<void> {
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), {}, 1s);
    EXPECT_TRUE(stream);
    const std::string sent(size, 'x');
    bool written = false;
    auto write = [&]() -> awaitable<void> {
      written = (co_await stream->write(sent, 5s)).has_value();
    };
    running.thread.spawn(write());
    std::size_t received = 0;
    std::vector<char> buffer(65536);
    while (received < size) {
      const auto got = co_await stream->read_some(buffer, 5s);
      if (!got || *got == 0) break;
      received += *got;
    }
    EXPECT_EQ(received, size);
    EXPECT_TRUE(written);
  };
  running.run(body());
}

TEST(Stream, LimitsExpireForReadersAndWriters) {
  Running running;
  auto body = [&]() -> awaitable<void> {
    Ends ends(running.thread);
    const std::string large(1 << 20, 'x');
    bool write_ended = false;
    auto write = [&]() -> awaitable<void> {
      const auto written = co_await ends.left.write(large, 1s);
      EXPECT_EQ(written ? "" : written.error().rule, "time limit");
      write_ended = true;
      co_await ends.right.write("250", 1s);
    };
    running.thread.spawn(write());
    char buffer[8];
    // The writer's limit does not end the reader's wait, however long the machine stops between.
    EXPECT_EQ((co_await ends.left.read_some(buffer, 9s)).value_or(0), 3);
    EXPECT_TRUE(write_ended);
    const auto got = co_await ends.left.read_some(buffer, 1s);
    EXPECT_FALSE(got);
    EXPECT_EQ(got.error().rule, "time limit");
    EXPECT_EQ(got.error().blame, Blame::Peer);
    EXPECT_TRUE(ends.left.is_open());
  };
  running.run(body());
}

TEST(Stream, AResetIsAnError) {
  Running running;
  auto task = [](Stream stream) -> awaitable<void> {
    char byte;
    co_await stream.read_some({&byte, 1}, 1s);
    stream.close();  // with unread input: the kernel resets
  };
  Server server(running.thread, task);
  auto body = [&]() -> awaitable<void> {
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), {}, 1s);
    co_await stream->write("more than one byte", 1s);
    char buffer[8];
    const auto got = co_await stream->read_some(buffer, 2s);
    EXPECT_FALSE(got);
    EXPECT_THAT(got.error().text(), testing::HasSubstr("reset"));
    EXPECT_THAT(got.error().place, server.endpoint().text());
  };
  running.run(body());
}

TEST(Stream, ShutdownDoesNotLoseTheLastReply) {
  Running running;
  auto task = [](Stream stream) -> awaitable<void> {
    co_await stream.wait_readable(1s);
    co_await stream.write("421 bye\r\n", 1s);
    co_await stream.shutdown();
  };
  Server server(running.thread, task);
  auto body = [&]() -> awaitable<void> {
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), {}, 1s);
    const std::string pipelined(10000, 'x');
    co_await stream->write(pipelined, 1s);
    const auto all = co_await read_all(*stream);
    EXPECT_EQ(all, "421 bye\r\n");
  };
  running.run(body());
}

TEST(Stream, ClosedIsAnErrorAlsoForWhoWaits) {
  Running running;
  auto body = [&]() -> awaitable<void> {
    Ends ends(running.thread);
    bool ended = false;
    auto wait = [&]() -> awaitable<void> {
      const auto waited = co_await ends.left.wait_readable(60s);
      EXPECT_EQ(waited.error().input, "the connection is closed");
      ended = true;
    };
    running.thread.spawn(wait());
    co_await running.thread.sleep(5ms);
    ends.left.close();
    co_await running.thread.sleep(5ms);
    EXPECT_TRUE(ended);
    EXPECT_FALSE(co_await ends.left.write("x", 1s));
    char buffer[8];
    EXPECT_FALSE(co_await ends.left.read_some(buffer, 1s));
  };
  running.run(body());
}

TEST(Stream, IdleConnectionsAreSmall) {
  constexpr std::size_t count = 1000;
  Running running;
  auto body = [&]() -> awaitable<void> {
    std::vector<std::unique_ptr<Ends>> idle;
    idle.reserve(count);
    std::size_t ended = 0;
    auto wait = [&](Stream& stream) -> awaitable<void> {
      co_await stream.wait_readable(300s);
      ++ended;
    };
    const auto before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      idle.push_back(std::make_unique<Ends>(running.thread));
      running.thread.spawn(wait(idle.back()->left));
    }
    co_await running.thread.sleep(20ms);
    const auto each = (::mallinfo2().uordblks - before) / count;
    std::printf("idle plain connection and its silent other end: %zu bytes\n", each);
    EXPECT_LT(each, 4096u);
    for (auto& ends : idle) ends->right.close();
    while (ended < count) co_await running.thread.sleep(5ms);
  };
  running.run(body());
}

}  // namespace
}  // namespace outrider::net
