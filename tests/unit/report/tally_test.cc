#include "outrider/report/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "outrider/store/keyed.h"
#include "unit/deliver/post.h"

namespace outrider::report {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Time noon = Time(std::chrono::days(20000)) + 12h;

Session session(std::string result = "", std::string domain = "example.com", Time when = noon) {
  Session session;
  session.policy = {"sts", {"version: STSv1"}, std::move(domain), {"mx.example.com"}, 0, 0, {}};
  session.failure.result = std::move(result);
  session.failure.receiving_host = "mx.example.com";
  session.when = when;
  return session;
}

class TallyTest : public testing::Test {
 protected:
  TallyTest() : log_(LogOptions{.path = folder_ / "log"}) { open(); }
  void open() {
    tally_.reset();
    store_.reset();
    store_ = *store::Store::open({.path = folder_ / "store"});
    tally_ = std::make_unique<Tally>(rules_, store_.get(), log_);
    ASSERT_TRUE(tally_->load());
  }

  deliver::TestFolder folder_;
  Log log_;
  TallyRules rules_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Tally> tally_;
  const TallyKey key_{20000, "example.com"};
};

// RFC 8460 §1.1: TLSA records are a host's, the report is its domain's.
TEST_F(TallyTest, PoliciesOfOtherNamesAreInTheDomainsReport) {
  for (const auto* base : {"mx1.other.example", "mx2.other.example"}) {
    auto host = session("", base);
    host.domain = "example.com";
    tally_->add(host);
  }
  EXPECT_EQ(tally_->size(), 1u);
  const auto report = tally_->report(key_);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->policies.size(), 2u);
  EXPECT_EQ(report->policies[1].domain, "mx2.other.example");
}

TEST_F(TallyTest, WithoutAPolicyNothingIsCounted) {
  tally_->add({});
  EXPECT_EQ(tally_->size(), 0u);
}

TEST_F(TallyTest, CountsByPolicyAndByFailure) {
  for (int i = 0; i < 3; ++i) tally_->add(session());
  tally_->add(session("certificate-expired"));
  tally_->add(session("certificate-expired"));
  tally_->add(session("starttls-not-supported"));
  auto other = session();
  other.policy.type = "no-policy-found";
  tally_->add(other);
  const auto report = tally_->report(key_);
  ASSERT_TRUE(report);
  EXPECT_EQ(rfc3339(report->begin), "2024-10-04T00:00:00.000Z");
  EXPECT_EQ(rfc3339(report->end), "2024-10-04T23:59:59.000Z");
  ASSERT_EQ(report->policies.size(), 2u);
  const auto& sts = report->policies[0];
  EXPECT_EQ(sts.succeeded, 3u);
  EXPECT_EQ(sts.failed, 3u);
  ASSERT_EQ(sts.details.size(), 2u);
  EXPECT_EQ(sts.details[0].result, "certificate-expired");
  EXPECT_EQ(sts.details[0].sessions, 2u);
  EXPECT_EQ(report->policies[1].succeeded, 1u);
}

TEST_F(TallyTest, ADayIsFinishedWhenItIsOver) {
  tally_->add(session());
  EXPECT_THAT(tally_->finished(noon + 11h), IsEmpty());
  EXPECT_THAT(tally_->finished(noon + 12h), ElementsAre(key_));
  tally_->add(session("", "example.com", noon + 13h));
  EXPECT_EQ(tally_->size(), 2u);
  tally_->drop(key_);
  EXPECT_FALSE(tally_->report(key_));
  EXPECT_THAT(tally_->finished(noon + 12h), IsEmpty());
}

TEST_F(TallyTest, SurvivesARestartAndCountsOn) {
  tally_->add(session("certificate-expired"));
  tally_->add(session("", "dropped.example"));
  tally_->flush();
  tally_->drop({20000, "dropped.example"});
  open();
  EXPECT_EQ(tally_->size(), 1u);
  tally_->add(session("certificate-expired"));
  const auto report = tally_->report(key_);
  ASSERT_EQ(report->policies.size(), 1u);
  EXPECT_EQ(report->policies[0].details.at(0).sessions, 2u);
}

TEST_F(TallyTest, ForgetsWhatIsDamaged) {
  ASSERT_TRUE(store::KeyedTable(*store_, "tls_tally").put("1 x", "{", store::Durable::Later));
  ASSERT_TRUE(store::KeyedTable(*store_, "tls_tally").put("x", "{}", store::Durable::Later));
  open();
  EXPECT_EQ(tally_->size(), 0u);
}

TEST_F(TallyTest, IsBounded) {
  rules_.most = 3;
  rules_.most_policies = 2;
  rules_.most_details = 2;
  open();
  for (int i = 0; i < 5; ++i) tally_->add(session("", std::to_string(i)));
  EXPECT_EQ(tally_->size(), 3u);
  for (int i = 0; i < 5; ++i) {
    auto each = session("validation-failure", "0");
    each.failure.reason = std::to_string(i);
    tally_->add(each);
    each.policy.strings = {std::to_string(i)};
    tally_->add(each);
  }
  const auto report = tally_->report({20000, "0"});
  ASSERT_EQ(report->policies.size(), 2u);
  EXPECT_EQ(report->policies[0].failed, 5u);
  EXPECT_EQ(report->policies[0].details.size(), 2u);
}

TEST_F(TallyTest, IsSafeFromManyThreads) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 100; ++i) {
        tally_->add(session(i % 2 == 0 ? "" : "validation-failure"));
        if (i % 25 == 0) tally_->flush();
        tally_->finished(noon);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(tally_->report(key_)->policies[0].succeeded, 200u);
  EXPECT_EQ(tally_->report(key_)->policies[0].failed, 200u);
}

}  // namespace
}  // namespace outrider::report
