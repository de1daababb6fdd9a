#include "outrider/deliver/deliverer.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

TEST(Deliverer, DeliversAMessageAsItIs) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", server.route());
  post.start();
  const auto id = post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  const auto messages = server.messages();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].mail, "MAIL FROM:<sender@home.test>");
  EXPECT_EQ(messages[0].rcpts, std::vector<std::string>{"RCPT TO:<anna@away.test>"});
  EXPECT_EQ(messages[0].content, small_content);
  const std::string log = post.log();
  EXPECT_THAT(log, HasSubstr("delivery id=" + id.text() +
                             " from=<sender@home.test> "
                             "to=<anna@away.test> status=sent relay=127.0.0.1[127.0.0.1]:" +
                             std::to_string(server.port())));
  EXPECT_THAT(log, HasSubstr("attempts=1 dsn=2.0.0 tls=none level=opportunistic "
                             "reply=\"250 2.0.0 taken\""));
}

TEST(Deliverer, DeliversOnSeveralThreads) {
  ScriptedServer::Rules rules;
  ScriptedServer server(rules);
  Post post;
  post.threads = 3;
  for (const auto* domain : {"a.test", "b.test", "c.test", "d.test"}) {
    post.route(domain, "smtp://127.0.0.1:" + std::to_string(server.port()) +
                           (domain[0] < 'c' ? "?tls=none" : ""));
  }
  post.route("e.test", "discard");
  post.start();
  for (int i = 0; i < 40; ++i) {
    post.put(envelope_to({"x@a.test", "x@c.test", "x@e.test", "x@home.test"}));
  }
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 80u);
  EXPECT_EQ(post.mailbox("x").size(), 40u);
  EXPECT_EQ(post.deliverer->counts().sent, 160u);
}

TEST(Deliverer, DrainsAndLeavesNothingBehind) {
  ScriptedServer::Rules rules;
  rules.delay = 200ms;
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(comes_true([&] { return server.count("DATA") == 1; }));
  post.deliverer->stop(5s);
  EXPECT_EQ(server.messages().size(), 1u);
  EXPECT_EQ(post.deliverer->counts().running, 0u);
  EXPECT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.count("QUIT"), 1u);
}

TEST(Deliverer, KeepsWhatAStopCutsOff) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("DATA") ? "~" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(comes_true([&] { return server.count("DATA") == 1; }));
  post.deliverer->stop(50ms);
  EXPECT_EQ(post.deliverer->counts().running, 0u);
  const auto items = post.items();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].attempts, 0u) << "a stop is no failure of the next hop";
}

TEST(Deliverer, TakesNewRoutesForWhatBeginsLater) {
  ScriptedServer server({});
  Post post;
  post.route("away.test", "error:450 4.7.0 not today");
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.logs("450 4.7.0 not today"));
  auto routes = std::make_shared<Routes>();
  ASSERT_TRUE(routes->add("away.test", *parse_route(server.route())));
  post.reload(routes);
  post.put_to("bert@away.test");
  EXPECT_TRUE(comes_true([&] { return server.messages().size() == 1; })) << post.log();
}

}  // namespace
}  // namespace outrider::deliver
