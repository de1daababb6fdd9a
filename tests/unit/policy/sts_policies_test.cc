// Covers: policy/sts_discovery.cc
#include "outrider/policy/sts_policies.h"

#include "sts_world.h"

namespace outrider::policy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class StsPoliciesTest : public StsWorld {};

/// Each find() asks the DNS anew, and a failed fetch is tried again at once.
StsRules eager() {
  StsRules rules;
  rules.check = 0ms;
  rules.back_off = 0ms;
  return rules;
}

TEST_F(StsPoliciesTest, FindThePolicyOfADomain) {
  publish("example.com", "1", policy_text());
  open({});
  const StsState state = find("Example.COM");
  ASSERT_TRUE(state.policy) << logged();
  EXPECT_TRUE(state.is_settled);
  EXPECT_EQ(state.policy->mode, StsMode::Enforce);
  EXPECT_EQ(state.policy->id, "1");
  EXPECT_EQ(state.policy->mx, std::vector<std::string>{"*.example.com"});
  EXPECT_THAT(server_.requests().at(0), HasSubstr("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
  EXPECT_EQ(find().policy, state.policy);
  EXPECT_EQ(policies_->known("example.com").policy, state.policy);
  EXPECT_EQ(server_.connections(), 1);
  EXPECT_EQ(zone_.asked().size(), 2u) << "TXT and the address, once";
  EXPECT_THAT(logged(), HasSubstr("sts_policy domain=example.com id=1 mode=enforce"));
}

TEST_F(StsPoliciesTest, AskNoWebServerWhereNothingIsAnnounced) {
  open({});
  const StsState state = find();
  EXPECT_TRUE(state.is_settled);
  EXPECT_FALSE(state.policy || state.failure);
  zone_.set("other.example", "v=spf1 -all");
  EXPECT_FALSE(find("other.example").policy);
  EXPECT_EQ(server_.connections(), 0);
}

// fetch-subdomain: RFC 8461 §3.4.
TEST_F(StsPoliciesTest, AskNoDomainAbove) {
  publish("example.com", "1", policy_text());
  open({});
  EXPECT_FALSE(find("sub.example.com").policy);
  EXPECT_THAT(zone_.asked(), Each("_mta-sts.sub.example.com"));
}

// fetch-idn, fetch-smarthost: whatever name is given is the policy domain, in A-labels.
TEST_F(StsPoliciesTest, KnowNothingOfWhatIsNoName) {
  open({});
  const StsState state = find("");
  EXPECT_TRUE(state.is_settled && !state.policy);
  EXPECT_FALSE(find(std::string(250, 'a')).policy);
  EXPECT_TRUE(zone_.asked().empty());
}

TEST_F(StsPoliciesTest, FetchNothingWhileTheIdIsTheSame) {
  publish("example.com", "1", policy_text());
  open(eager());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(find().policy);
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(StsPoliciesTest, FetchWhatIsAnnouncedNew) {
  publish("example.com", "1", policy_text("testing"));
  open(eager());
  EXPECT_EQ(find().policy->mode, StsMode::Testing);
  settle();
  publish("example.com", "2", policy_text("enforce"));
  const StsState state = find();
  EXPECT_EQ(state.policy->mode, StsMode::Enforce);
  EXPECT_EQ(state.policy->id, "2");
}

// fetch-id-changed-fetch-fails: RFC 8461 §3.3, §5.1.
TEST_F(StsPoliciesTest, KeepThePolicyWhenTheNextCannotBeFetched) {
  publish("example.com", "1", policy_text());
  open(eager());
  ASSERT_TRUE(find().policy);
  settle();
  zone_.announce("example.com", "2");
  answer("example.com", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  const StsState state = find();
  ASSERT_TRUE(state.policy);
  EXPECT_EQ(state.policy->id, "1");
  ASSERT_TRUE(state.failure);
  EXPECT_EQ(state.failure->kind, StsFailure::Kind::Fetch);
  EXPECT_THAT(state.failure->why, HasSubstr("HTTP status 404"));
  EXPECT_THAT(logged(), AllOf(HasSubstr("sts_policy_failed domain=example.com"),
                              HasSubstr("type=sts-policy-fetch-error"), HasSubstr("kept_until=")));
}

// fetch-txt-gone
TEST_F(StsPoliciesTest, KeepThePolicyWhenTheRecordIsGoneOrTheDnsFails) {
  publish("example.com", "1", policy_text());
  open(eager());
  ASSERT_TRUE(find().policy);
  settle();
  zone_.withdraw("example.com");
  EXPECT_TRUE(find().policy);
  settle();
  zone_.set_failing(true);
  const StsState state = find();
  EXPECT_TRUE(state.policy);
  EXPECT_EQ(state.unknown, "name servers answer SERVFAIL");
}

TEST_F(StsPoliciesTest, TellThatTheDnsDidNotTell) {
  zone_.set_failing(true);
  open({});
  const StsState state = find();
  EXPECT_FALSE(state.policy);
  EXPECT_EQ(state.unknown, "name servers answer SERVFAIL");
}

TEST_F(StsPoliciesTest, TellWhatKindOfFailureItWas) {
  open(eager());
  publish("example.com", "1", "<html>");
  ASSERT_TRUE(find().failure);
  EXPECT_EQ(find().failure->kind, StsFailure::Kind::Policy);
  publish("unproven.example", "1", policy_text());
  ASSERT_TRUE(find("unproven.example").failure);
  EXPECT_EQ(find("unproven.example").failure->kind, StsFailure::Kind::Certificate);
  answer("example.com", http_response("202 Accepted", "text/plain", policy_text()));
  settle();
  EXPECT_THAT(find().failure->why, HasSubstr("HTTP status 202"));
  settle();
  zone_.set_address("");
  EXPECT_THAT(find().failure->why, HasSubstr("mta-sts.example.com: no address"));
}

// fetch-dns-cname-internal, fetch-ssrf-169: what the client refuses is a failed fetch.
TEST_F(StsPoliciesTest, GoNowhereInside) {
  fetch::Options strict{.ca_file = sts_authority().authority_file()};
  strict.port = server_.port();
  client_ = *fetch::Client::open(strict);
  publish("example.com", "1", policy_text());
  open({});
  const StsState state = find();
  ASSERT_TRUE(!state.policy && state.failure);
  EXPECT_THAT(state.failure->why, HasSubstr("RFC 6890"));
  EXPECT_EQ(server_.connections(), 0);
}

// A dead web server is not asked for each message.
TEST_F(StsPoliciesTest, BackOffAfterAFailure) {
  StsRules rules = eager();
  rules.back_off = 1h;
  zone_.announce("example.com", "1");
  answer("example.com", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  open(rules);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(find().failure);
    settle();
  }
  EXPECT_EQ(server_.connections(), 1);
}

// fetch-concurrent
TEST_F(StsPoliciesTest, FetchOnceForAThousandDeliveries) {
  publish("example.com", "1", policy_text());
  stalls_ = true;
  open({});
  std::vector<std::future<StsState>> all;
  for (int i = 0; i < 1000; ++i) all.push_back(loop_->begin(policies_->find("example.com")));
  while (server_.connections() == 0) std::this_thread::sleep_for(1ms);
  stalls_ = false;
  for (auto& one : all) EXPECT_TRUE(one.get().policy);
  EXPECT_EQ(server_.connections(), 1);
}

// fetch-slow: a delivery waits so long, then goes on by what is known; others are not held up.
TEST_F(StsPoliciesTest, LetADeliveryWaitSoLongAndNoLonger) {
  StsRules rules;
  rules.wait = 100ms;
  publish("example.com", "1", policy_text());
  publish("other.example", "1", policy_text());
  open(rules);
  stalls_ = true;
  const StsState state = find();
  EXPECT_FALSE(state.policy || state.is_settled);
  stalls_ = false;
  while (!policies_->known("example.com").policy) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(find().policy) << "the fetch went on";
  EXPECT_EQ(server_.connections(), 1);
}

// fetch-dos-many
TEST_F(StsPoliciesTest, BoundRenewalsAndDomains) {
  StsRules rules;
  rules.wait = 50ms;
  rules.most = 64;
  rules.most_renewals = 8;
  stalls_ = true;
  open(rules);
  int unsettled = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".many.example";
    zone_.announce(domain, "1");
    unsettled += find(domain).is_settled ? 0 : 1;
    EXPECT_LE(policies_->size(), 64u);
  }
  EXPECT_EQ(unsettled, 100);
  EXPECT_LE(server_.connections(), 8);
}

// fetch-refresh
TEST_F(StsPoliciesTest, RefreshInTheBackgroundBeforeTheEnd) {
  publish("example.com", "1", policy_text("enforce", 7 * 86400));
  open({});
  const auto first = find().policy;
  ASSERT_TRUE(first);
  settle();
  policies_->look_through(now() + 1h);
  settle();
  EXPECT_EQ(server_.connections(), 1);
  policies_->look_through(now() + 25h);  // whoever renews looks at the clock again: it is not due
  settle();
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(StsPoliciesTest, TakePartsOfADayForPoliciesThatEndSoon) {
  publish("example.com", "1", policy_text("enforce", 2));
  StsRules rules;
  rules.check = 1h;
  rules.back_off = 10ms;
  open(rules);
  const auto first = find().policy;
  ASSERT_TRUE(first);
  // Its end would be after two seconds: only a renewal in time keeps it that long.
  const auto is_newer = [&] {
    const auto policy = policies_->known("example.com").policy;
    return policy && policy->fetched > first->fetched;
  };
  for (int turn = 0; turn < 300 && !is_newer(); ++turn) {
    policies_->look_through(now());
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(is_newer());
}

TEST_F(StsPoliciesTest, DropWhatIsOver) {
  publish("example.com", "1", policy_text());
  open({}, true);
  ASSERT_TRUE(find().policy);
  EXPECT_FALSE(find("other.example").policy);
  settle();
  policies_->look_through(now() + 48h);
  EXPECT_EQ(policies_->size(), 0u);
  EXPECT_THAT(logged(), HasSubstr("sts_policy_over domain=example.com"));
}

}  // namespace
}  // namespace outrider::policy
