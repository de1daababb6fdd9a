#include "outrider/deliver/shard.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

TEST(ShardIdle, UsesAConnectionAgain) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.options.concurrency.first = post.options.concurrency.most = 1;
  post.start();
  for (int i = 0; i < 20; ++i) post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 20u);
  EXPECT_EQ(server.connections, 1);
  EXPECT_EQ(server.count("RSET"), 0u);
}

TEST(ShardIdle, SaysQuitOnAConnectionThatWaitedTooLong) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.options.reuse.idle = 1s;
  post.start();
  post.put_to("anna@away.test");
  EXPECT_TRUE(comes_true([&] { return server.count("QUIT") == 1; }));
  EXPECT_TRUE(comes_true([&] { return post.deliverer->counts().idle == 0; }));
}

}  // namespace
}  // namespace outrider::deliver
