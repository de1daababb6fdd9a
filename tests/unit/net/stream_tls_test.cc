#include <gmock/gmock.h>
#include <malloc.h>

#include <cstdio>

#include "loop.h"
#include "support/test_ca.h"

namespace outrider::net {
namespace {

struct Contexts {
  explicit Contexts(tls::Version least = tls::Version::Tls12) {
    const auto files = ca.issue("mx.example.org");
    server = *tls::ServerContext::load({{{files.certificate, files.key}}, {.least = least}});
    client = *tls::ClientContext::load({.ca_file = ca.authority_file()});
  }
  test::TestCa ca;
  std::shared_ptr<const tls::ServerContext> server;
  std::shared_ptr<const tls::ClientContext> client;
  const trust::Verdict verdict = trust::decide(
      {.destination = "example.org", .mx_host = "mx.example.org", .site = trust::Level::Verify});
};

awaitable<void> accept(Stream& stream, std::shared_ptr<const tls::ServerContext> context,
                       bool& accepted) {
  accepted = (co_await stream.accept_tls(context, 5s)).has_value();
}

TEST(StreamTls, StartsOnAStreamThatSpokeInClear) {
  Running running;
  Contexts contexts;
  auto task = [&](Stream stream) -> awaitable<void> {
    char buffer[64];
    co_await stream.read_some(buffer, 1s);
    co_await stream.write("220 go\r\n", 1s);
    const auto facts = co_await stream.accept_tls(contexts.server, 2s);
    EXPECT_TRUE(facts) << facts.error().text();
    EXPECT_EQ(facts->sni, "mx.example.org");
    const auto got = co_await stream.read_some(buffer, 1s);
    const std::string reply = "echo " + std::string(buffer, got.value_or(0));
    co_await stream.write(reply, 1s);
    co_await stream.shutdown();
  };
  Server server(running.thread, task);
  auto body = [&]() -> awaitable<void> {
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), {}, 1s);
    co_await stream->write("STARTTLS\r\n", 1s);
    char buffer[64];
    co_await stream->read_some(buffer, 1s);
    const auto facts =
        co_await stream->connect_tls(contexts.client, "mx.example.org", contexts.verdict, 2s);
    EXPECT_TRUE(facts) << facts.error().text();
    EXPECT_EQ(facts->peer, PeerCheck::Verified);
    EXPECT_EQ(*stream->tls(), *facts);
    co_await stream->write("secret", 1s);
    const auto all = co_await read_all(*stream);
    EXPECT_EQ(all, "echo secret");
    const auto again = co_await stream->accept_tls(contexts.server, 1s);
    EXPECT_EQ(again.error().input, "TLS is already active");
  };
  running.run(body());
}

TEST(StreamTls, LargeWritesWaitForTheReaderBothWays) {
  Running running;
  Contexts contexts;
  constexpr std::size_t size = 4 << 20;
  auto body = [&]() -> awaitable<void> {
    Ends ends(running.thread);
    bool accepted = false;
    running.thread.spawn(accept(ends.left, contexts.server, accepted));
    const auto facts =
        co_await ends.right.connect_tls(contexts.client, "mx.example.org", contexts.verdict, 2s);
    EXPECT_TRUE(facts);
    const std::string sent(size, 'x');
    int written = 0;
    auto write = [&](Stream& stream) -> awaitable<void> {
      written += (co_await stream.write(sent, 5s)).has_value();
    };
    std::size_t received[2] = {};
    int read = 0;
    auto receive = [&](Stream& stream, std::size_t& total) -> awaitable<void> {
      std::vector<char> buffer(16384);
      while (total < size) {
        const auto got = co_await stream.read_some(buffer, 5s);
        if (!got || *got == 0) break;
        total += *got;
      }
      ++read;
    };
    running.thread.spawn(write(ends.left));
    running.thread.spawn(write(ends.right));
    running.thread.spawn(receive(ends.left, received[0]));
    running.thread.spawn(receive(ends.right, received[1]));
    while (read < 2 || written < 2) {
      co_await running.thread.sleep(2ms);
      if (read == 2 && written < 2) break;
    }
    EXPECT_EQ(received[0], size);
    EXPECT_EQ(received[1], size);
    EXPECT_EQ(written, 2);
  };
  running.run(body());
}

TEST(StreamTls, AHandshakeThatFailsNamesThePeerAndTheReason) {
  Running running;
  Contexts contexts;
  auto task = [&](Stream stream) -> awaitable<void> {
    const auto facts = co_await stream.accept_tls(contexts.server, 2s);
    EXPECT_FALSE(facts);
    EXPECT_THAT(facts.error().place, testing::StartsWith("127.0.0.1:"));
    EXPECT_EQ(stream.tls(), nullptr);
  };
  Server server(running.thread, task);
  auto body = [&]() -> awaitable<void> {
    auto stream = co_await connect_tcp(running.thread, server.endpoint(), {}, 1s);
    trust::Verdict other = contexts.verdict;
    other.names = {"other.example"};
    const auto facts = co_await stream->connect_tls(contexts.client, "other.example", other, 2s);
    EXPECT_FALSE(facts);
    EXPECT_THAT(facts.error().input, testing::HasSubstr("hostname mismatch"));
    EXPECT_EQ(facts.error().place, server.endpoint().text());
    co_await stream->shutdown();
    co_await running.thread.sleep(20ms);
  };
  running.run(body());
}

TEST(StreamTls, ASilentPeerMeetsTheLimit) {
  Running running;
  Contexts contexts;
  auto body = [&]() -> awaitable<void> {
    Ends ends(running.thread);
    const auto facts = co_await ends.left.accept_tls(contexts.server, 1s);
    EXPECT_FALSE(facts);
    EXPECT_EQ(facts.error().rule, "time limit");
  };
  running.run(body());
}

TEST(StreamTls, IdleConnectionsAreSmall) {
  constexpr std::size_t count = 100;
  Running running;
  Contexts contexts;
  auto body = [&]() -> awaitable<void> {
    std::vector<std::unique_ptr<Ends>> idle;
    idle.reserve(count);
    const auto before = ::mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      idle.push_back(std::make_unique<Ends>(running.thread));
      bool accepted = false;
      running.thread.spawn(accept(idle.back()->left, contexts.server, accepted));
      co_await idle.back()->right.connect_tls(contexts.client, "mx.example.org", contexts.verdict,
                                              5s);
      while (!accepted) co_await running.thread.sleep(1ms);
    }
    const auto each = (::mallinfo2().uordblks - before) / (2 * count);
    std::printf("idle end of a TLS connection: %zu bytes\n", each);
    EXPECT_LT(each, 20480u);
  };
  running.run(body());
}

}  // namespace
}  // namespace outrider::net
