#include "outrider/deliver/record.h"

#include <gmock/gmock.h>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

TEST(Record, TriesLaterWhatIsRefusedForNow) {
  std::atomic<int> tries{0};
  ScriptedServer::Rules rules;
  rules.answer = [&](std::string_view command) -> std::string {
    return command.starts_with("RCPT") && ++tries == 1 ? "450 4.2.1 busy" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(post.logs("status=deferred"));
  EXPECT_TRUE(post.logs("reply=\"450 4.2.1 busy\""));
  EXPECT_TRUE(post.logs("attempts=2"));
}

TEST(Record, GivesUpWithTheLastWords) {
  ScriptedServer::Rules rules;
  rules.answer = [](std::string_view command) -> std::string {
    return command.starts_with("RCPT") ? "450 4.2.1 busy" : "";
  };
  ScriptedServer server(rules);
  Post post;
  post.route("away.test", server.route());
  post.retry.lifetime = 1ms;
  post.start();
  post.put_to("anna@away.test");
  ASSERT_TRUE(post.is_empty()) << post.log();
  EXPECT_TRUE(post.logs("status=expired"));
  const auto notices = post.mailbox("sender");
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_THAT(notices[0], HasSubstr("Status: 5.4.7\n"));
  EXPECT_THAT(notices[0], HasSubstr("450 4.2.1 busy"));
}

}  // namespace
}  // namespace outrider::deliver
