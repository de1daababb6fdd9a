#include "outrider/policy/sts_record.h"
#include "outrider/store/keyed.h"
#include "sts_world.h"

namespace outrider::policy {
namespace {

using testing::HasSubstr;

class StsKeepingTest : public StsWorld {
 protected:
  bool is_on_disk(const std::string& domain) {
    return store::KeyedTable(*store_, sts_table).read(domain)->has_value();
  }
  void dead_web_server() { answer("example.com", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"); }
};

StsRules eager() {
  StsRules rules;
  rules.check = 0ms;
  rules.back_off = 0ms;
  return rules;
}

TEST_F(StsKeepingTest, PoliciesSurviveARestart) {
  publish("example.com", "1", policy_text());
  open({}, true);
  const auto before = find().policy;
  ASSERT_TRUE(before);
  settle();
  restart();
  zone_.set_failing(true);
  dead_web_server();
  const StsState known = policies_->known("example.com");
  ASSERT_TRUE(known.policy);
  EXPECT_EQ(known.policy->id, "1");
  EXPECT_EQ(known.policy->expires(), before->expires());
  EXPECT_EQ(known.policy->mx, before->mx);
  EXPECT_TRUE(find().policy);
}

TEST_F(StsKeepingTest, ModeNoneTakesAPolicyAway) {
  publish("example.com", "1", policy_text());
  open(eager(), true);
  ASSERT_TRUE(find().policy);
  settle();
  EXPECT_TRUE(is_on_disk("example.com"));
  publish("example.com", "2", policy_text("none"));
  EXPECT_EQ(find().policy->mode, StsMode::None);
  settle();
  EXPECT_FALSE(is_on_disk("example.com"));
  dead_web_server();
  restart();
  EXPECT_FALSE(find().policy);
}

TEST_F(StsKeepingTest, WhatMayNotBeKeptIsNotKept) {
  publish("example.com", "1", policy_text());
  open(eager(), true);
  ASSERT_TRUE(find().policy);
  settle();
  publish("example.com", "2", policy_text("enforce", 0));
  EXPECT_FALSE(find().policy);
  settle();
  EXPECT_FALSE(is_on_disk("example.com"));
}

TEST_F(StsKeepingTest, AFailureTakesNothingAway) {
  publish("example.com", "1", policy_text());
  open(eager(), true);
  ASSERT_TRUE(find().policy);
  settle();
  zone_.announce("example.com", "2");
  dead_web_server();
  EXPECT_TRUE(find().failure);
  settle();
  EXPECT_TRUE(is_on_disk("example.com"));
}

TEST_F(StsKeepingTest, DamagedAndOldRecordsAreForgottenWithALine) {
  publish("example.com", "1", policy_text());
  open({}, true);
  ASSERT_TRUE(find().policy);
  settle();
  StsPolicy old = *policies_->known("example.com").policy;
  old.fetched -= 48h;
  store::KeyedTable table(*store_, sts_table);
  ASSERT_TRUE(table.put("damaged.example", "\x01garbage", store::Durable::Now));
  ASSERT_TRUE(table.put("old.example", write_sts_record(old), store::Durable::Now));
  restart();
  EXPECT_TRUE(policies_->known("example.com").policy);
  EXPECT_FALSE(is_on_disk("damaged.example"));
  EXPECT_FALSE(is_on_disk("old.example"));
  EXPECT_THAT(logged(), HasSubstr("sts_policy_damaged domain=damaged.example"));
  EXPECT_THAT(logged(), testing::Not(HasSubstr("domain=old.example")));
}

// What had to make room in memory is found on disk, though its web server is dead now.
TEST_F(StsKeepingTest, WhatLeftMemoryHoldsStill) {
  StsRules rules = eager();
  rules.most = 4;
  publish("example.com", "1", policy_text());
  open(rules, true);
  ASSERT_TRUE(find().policy);
  settle();
  for (int i = 0; i < 20; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".many.example";
    publish(domain, "1", policy_text());
    find(domain);
    settle();
  }
  ASSERT_FALSE(policies_->known("example.com").policy);
  zone_.announce("example.com", "2");
  dead_web_server();
  EXPECT_TRUE(find().policy);
}

// The same where as many look-ups are under way as there may be.
TEST_F(StsKeepingTest, WhatLeftMemoryHoldsWithoutALookUp) {
  StsRules rules = eager();
  rules.most = 4;
  publish("example.com", "1", policy_text());
  open(rules, true);
  ASSERT_TRUE(find().policy);
  settle();
  rules_.most_renewals = 0;
  for (const std::size_t most : {4, 0}) {  // a place in memory, or not even that
    rules_.most = most;
    restart();
    if (most > 0) policies_->look_through(now() + 48h);
    ASSERT_FALSE(policies_->known("example.com").policy);
    const StsState state = find();
    EXPECT_TRUE(state.policy);
    EXPECT_FALSE(state.is_settled);
  }
}

TEST_F(StsKeepingTest, WhatIsOverLeavesTheDisk) {
  publish("example.com", "1", policy_text("enforce", 1));
  open({}, true);
  ASSERT_TRUE(find().policy);
  settle();
  ASSERT_TRUE(is_on_disk("example.com"));
  std::this_thread::sleep_until(policies_->known("example.com").policy->expires() + 5ms);
  zone_.withdraw("example.com");
  policies_->look_through(now());
  settle();
  EXPECT_FALSE(is_on_disk("example.com"));
}

TEST_F(StsKeepingTest, TheWatchEndsWhenItIsTold) {
  open({}, true);
  policies_->start();
  settle();
  policies_->stop();
  settle();
  publish("example.com", "1", policy_text());
  const StsState state = find();
  EXPECT_FALSE(state.policy || state.is_settled) << "nothing new is begun";
}

}  // namespace
}  // namespace outrider::policy
