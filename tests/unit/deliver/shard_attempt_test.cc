#include "outrider/deliver/shard.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

std::string port_of(const ScriptedServer& server) { return std::to_string(server.port()); }

TEST(ShardAttempt, LeavesADeadDestinationAloneForAWhile) {
  Post post;
  post.options.dead.first = 10min;
  post.retry.first = 50ms;
  post.route("away.test", "smtp://127.0.0.9:1");
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("cannot connect: Connection refused")) << post.log();
  post.put_to("bert@away.test");
  std::this_thread::sleep_for(400ms);
  EXPECT_EQ(post.lines("to=<anna@away.test>"), 1u) << "one attempt, although a retry was due";
  EXPECT_EQ(post.lines("to=<bert@away.test>"), 0u);
}

TEST(ShardAttempt, TriesADeadDestinationAtOnceWhenAnOperatorAsks) {
  ScriptedServer later({});
  Post post;
  post.options.dead.first = 10min;
  post.route("away.test", "smtp://127.0.0.9:" + port_of(later));
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("Connection refused")) << post.log();
  ScriptedServer revived({}, "127.0.0.9:" + port_of(later));
  std::this_thread::sleep_for(50ms);
  net::IoThread thread(7);
  thread.start();
  auto task = post.queue->apply(queue::Action::Retry, {});
  auto done =
      boost::asio::co_spawn(thread.executor(), std::move(task), boost::asio::use_future).get();
  ASSERT_TRUE(done);
  EXPECT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(revived.messages().size(), 1u);
  post.stop();
  thread.stop();
}

TEST(ShardAttempt, ComesBackToADestinationThatLivesAgain) {
  ScriptedServer other({});
  Post post;
  post.options.dead.first = 100ms;
  post.retry.first = 50ms;
  post.route("away.test", "smtp://127.0.0.9:" + port_of(other));
  post.start();
  for (int i = 0; i < 5; ++i) post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("Connection refused"));
  ScriptedServer revived({}, "127.0.0.9:" + port_of(other));
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(revived.messages().size(), 5u);
}

// The server takes two connections; mail that found no place waits for theirs, and is not deferred.
TEST(ShardAttempt, AServerWithEnoughConnectionsDefersNothing) {
  std::atomic<ScriptedServer*> self{nullptr};
  ScriptedServer::Rules rules;
  rules.delay = 5ms;
  rules.answer = [&](std::string_view command) -> std::string {
    const bool full = command.starts_with("EHLO") && self.load()->open > 2;
    return full ? "421 4.7.0 too many connections" : "";
  };
  ScriptedServer server(rules);
  self = &server;
  Post post;
  post.route("away.test", server.route());
  post.start();
  for (int i = 0; i < 40; ++i) post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 40u);
  EXPECT_EQ(post.lines("status=deferred"), 0u) << post.log();
}

}  // namespace
}  // namespace outrider::deliver
