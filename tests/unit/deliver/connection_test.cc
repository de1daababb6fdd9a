#include "outrider/deliver/connection.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

/// A connection to a scripted server, on a thread of its own.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    options_.hostname = "relay.test";
    thread_.start();
  }
  ~ConnectionTest() override { thread_.stop(); }

  void run(awaitable<void> task) {
    auto done = boost::asio::co_spawn(thread_.executor(), std::move(task), boost::asio::use_future);
    ASSERT_EQ(done.wait_for(10s), std::future_status::ready);
    done.get();
  }
  awaitable<std::unique_ptr<Connection>> open(const ScriptedServer& server) {
    const Endpoint to{*IpAddress::parse("127.0.0.1"), server.port()};
    auto stream = co_await net::connect_tcp(thread_, to, std::nullopt, 5s);
    co_return std::make_unique<Connection>(std::move(*stream), options_, false, "mx.test", open_);
  }

  smtp::ClientOptions options_;
  OpenConnections open_;
  net::IoThread thread_{0};
};

TEST_F(ConnectionTest, AdvancesToTheNextEventAndSaysQuit) {
  ScriptedServer server({});
  auto task = [&]() -> awaitable<void> {
    auto connection = co_await open(server);
    EXPECT_EQ(open_.size(), 1u);
    const smtp::ClientEvent event = co_await connection->advance();
    EXPECT_TRUE(std::holds_alternative<smtp::Ready>(event));
    EXPECT_FALSE(connection->broken);
    co_await connection->quit();
    connection.reset();
    EXPECT_TRUE(open_.empty());
  };
  run(task());
  EXPECT_EQ(server.count("QUIT"), 1u);
}

TEST_F(ConnectionTest, TellsWhereTheConversationBroke) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view) -> std::string { return "-"; };
  ScriptedServer server(rules);
  auto task = [&]() -> awaitable<void> {
    auto connection = co_await open(server);
    const smtp::ClientEvent event = co_await connection->advance();
    const auto* broken = std::get_if<smtp::Broken>(&event);
    EXPECT_NE(broken, nullptr);
    if (broken) EXPECT_THAT(broken->why, HasSubstr("EHLO"));
    EXPECT_TRUE(connection->broken);
  };
  run(task());
}

TEST_F(ConnectionTest, ALimitOfTimeEndsIt) {
  ScriptedServer::Rules rules;
  rules.greeting = "~";
  ScriptedServer server(rules);
  auto task = [&]() -> awaitable<void> {
    auto connection = co_await open(server);
    const smtp::ClientEvent event = co_await connection->advance(1s);
    const auto* broken = std::get_if<smtp::Broken>(&event);
    EXPECT_NE(broken, nullptr);
    if (broken) EXPECT_THAT(broken->why, HasSubstr("time limit"));
  };
  run(task());
}

TEST_F(ConnectionTest, CutEndsWhatWaits) {
  ScriptedServer::Rules rules;
  rules.greeting = "~";
  ScriptedServer server(rules);
  auto task = [&]() -> awaitable<void> {
    auto connection = co_await open(server);
    thread_.post([this] {
      for (Connection* each : open_) each->cut();
    });
    const smtp::ClientEvent event = co_await connection->advance();
    EXPECT_TRUE(std::holds_alternative<smtp::Broken>(event));
  };
  run(task());
}

}  // namespace
}  // namespace outrider::deliver
