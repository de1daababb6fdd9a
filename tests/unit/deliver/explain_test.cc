#include "outrider/deliver/explain.h"

#include <gmock/gmock.h>

#include "unit/deliver/secured.h"

namespace outrider::deliver {
namespace {

struct Asked {
  explicit Asked(Post& post) : post(post) {}
  Explanation about(const std::string& text, trust::Wish wish = trust::Wish::Nothing) {
    net::IoThread thread(7);
    thread.start();
    auto question = post.deliverer->explain(address(text), wish);
    auto answer =
        boost::asio::co_spawn(thread.executor(), std::move(question), boost::asio::use_future)
            .get();
    thread.stop();
    return answer;
  }
  Post& post;
};

TEST(Explain, TellsEachHostInItsOrder) {
  Post post;
  post.world.mx_records["two.test"] = {{20, "b.two.test"}, {10, "a.two.test"}};
  post.world.addresses["a.two.test"] = {*IpAddress::parse("192.0.2.1")};
  post.world.addresses["b.two.test"] = {*IpAddress::parse("192.0.2.2")};
  post.start();
  const auto told = Asked(post).about("ada@two.test");
  ASSERT_EQ(told.hosts.size(), 2u);
  EXPECT_EQ(told.domain, "two.test");
  EXPECT_EQ(told.route, "mx");
  EXPECT_EQ(told.hosts[0].host.name, "a.two.test");
  EXPECT_EQ(told.hosts[0].verdict.level, trust::Level::Opportunistic);
  EXPECT_EQ(told.hosts[0].outlook.facts.dane.state, trust::DaneState::Insecure);
  EXPECT_FALSE(told.hosts[0].host.sure);
}

TEST(Explain, HearsTheMessagesWish) {
  Post post;
  post.world.mx_records["two.test"] = {{10, "a.two.test"}};
  post.world.addresses["a.two.test"] = {*IpAddress::parse("192.0.2.1")};
  post.start();
  const auto told = Asked(post).about("ada@two.test", trust::Wish::RequireTls);
  ASSERT_EQ(told.hosts.size(), 1u);
  EXPECT_FALSE(told.hosts[0].verdict.may_try());
}

TEST(Explain, TellsWhyThereIsNoHost) {
  Post post;
  post.start();
  const auto told = Asked(post).about("ada@nowhere.test");
  ASSERT_TRUE(told.nowhere);
  EXPECT_EQ(told.nowhere->status, "5.1.2");
}

TEST(Explain, SaysThatAMailboxNeedsNobody) {
  Post post;
  post.start();
  const auto told = Asked(post).about("ada@home.test");
  EXPECT_FALSE(told.connects);
  EXPECT_TRUE(told.hosts.empty());
}

}  // namespace
}  // namespace outrider::deliver
