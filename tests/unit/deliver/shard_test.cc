#include "outrider/deliver/shard.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

TEST(Shard, OpensNoMoreConnectionsThanTheDestinationMayHave) {
  ScriptedServer::Rules rules;
  rules.delay = 5ms;
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.options.concurrency.first = 2;
  post.options.concurrency.most = 4;
  post.start();
  for (int i = 0; i < 60; ++i) post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 60u);
  EXPECT_LE(server.most_open, 4);
  EXPECT_GE(server.most_open, 2);
}

TEST(Shard, ASlowDestinationDelaysNoOther) {
  ScriptedServer::Rules silent;
  silent.greeting = "~";
  ScriptedServer slow(silent);
  ScriptedServer quick({});
  Post post;
  post.route("slow.test", slow.route());
  post.route("quick.test", quick.route());
  post.start();
  for (int i = 0; i < 10; ++i) post.put_to("a@slow.test");
  ASSERT_TRUE(comes_true([&] { return slow.connections >= 5; }));
  for (int i = 0; i < 10; ++i) post.put_to("a@quick.test");
  EXPECT_TRUE(comes_true([&] { return quick.messages().size() == 10; })) << post.log();
  post.stop(0s);
}

TEST(Shard, SharesTheTotalAmongDestinations) {
  ScriptedServer::Rules rules;
  rules.delay = 5ms;
  ScriptedServer one(rules);
  ScriptedServer other(rules);
  Post post;
  post.route("one.test", one.route());
  post.route("other.test", other.route());
  post.options.concurrency.total = 1;
  post.start();
  for (int i = 0; i < 10; ++i) {
    post.put_to("a@one.test");
    post.put_to("a@other.test");
  }
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(one.messages().size() + other.messages().size(), 20u);
  EXPECT_EQ(one.most_open, 1);
}

// Each of them ends as soon as it has its turn; they must not stand on each other's stack.
TEST(Shard, ThousandsOfDestinationsThatLostTheirWorkWhileTheyWaitedEndOneAfterAnother) {
  ScriptedServer::Rules silent;
  silent.greeting = "~";
  ScriptedServer slow(silent);
  Post post;
  post.route("slow.test", slow.route());
  post.options.concurrency.total = 1;
  post.options.time.greeting = 2s;
  post.start();
  post.put_to("a@slow.test");
  ASSERT_TRUE(comes_true([&] { return slow.connections == 1; }));
  std::vector<std::string> recipients;
  for (int i = 0; i < 9000; ++i) recipients.push_back("a@d" + std::to_string(i) + ".test");
  const auto id = post.put(envelope_to(recipients));
  post.apply(queue::Action::Remove, {.ids = {id}});
  ASSERT_TRUE(post.logs("to=<a@slow.test> status=deferred")) << post.log();
  EXPECT_EQ(post.lines(" delivery "), 1u) << post.log();
}

}  // namespace
}  // namespace outrider::deliver
