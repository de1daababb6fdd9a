#include "outrider/report/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "outrider/report/gzip.h"
#include "outrider/report/report_mail.h"
#include "unit/deliver/post.h"

namespace outrider::report {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class InboxTest : public testing::Test {
 protected:
  InboxTest() : log_(LogOptions{.path = folder_ / "log"}) { open(); }
  void open() {
    inbox_.reset();
    store_.reset();
    store_ = *store::Store::open({.path = folder_ / "store"});
    inbox_ = std::make_unique<Inbox>(rules_, store_.get(), log_,
                                     [this](const TlsReport& report) { failing_ += report.id; });
    ASSERT_TRUE(inbox_->load());
  }
  std::string mail(std::string id, std::uint64_t failed = 0, Time begin = now() - 24h,
                   std::string domain = "example.com") {
    TlsReport report{"Sender", "a@sender.example", std::move(id), begin, begin + 24h, {}};
    report.policies.push_back({"sts", {}, domain, {}, 5, failed, {}});
    return report_mail(report, gzip(report_json(report)),
                       {{"a", "sender.example"}, {"b", domain}, domain, "sender.example", now()});
  }

  deliver::TestFolder folder_;
  Log log_;
  InboxRules rules_;
  std::string failing_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Inbox> inbox_;
};

TEST_F(InboxTest, KeepsAReportOnceAcrossRestarts) {
  EXPECT_EQ(inbox_->take(mail("1")), true);
  const auto begin = inbox_->list({}).at(0)->begin;
  EXPECT_EQ(inbox_->take(mail("1", 0, begin)), false);
  open();
  EXPECT_EQ(inbox_->take(mail("1", 0, begin)), false);
  EXPECT_EQ(inbox_->size(), 1u);
}

TEST_F(InboxTest, ListsTheNewestFirst) {
  ASSERT_TRUE(inbox_->take(mail("old", 0, now() - 72h)));
  ASSERT_TRUE(inbox_->take(mail("new", 2, now() - 24h, "other.example")));
  ASSERT_TRUE(inbox_->take(mail("mid", 0, now() - 48h)));
  const auto all = inbox_->list({});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]->id, "new");
  EXPECT_EQ(all[2]->id, "old");
  EXPECT_EQ(inbox_->list({.domain = "EXAMPLE.com"}).size(), 2u);
  EXPECT_EQ(inbox_->list({.failing_only = true}).size(), 1u);
  EXPECT_EQ(inbox_->list({.most = 1}).size(), 1u);
}

TEST_F(InboxTest, TellsOfFailuresOnce) {
  const auto failing = mail("bad", 2);
  ASSERT_TRUE(inbox_->take(mail("good")));
  EXPECT_EQ(inbox_->take(failing), true);
  EXPECT_EQ(inbox_->take(failing), false);
  EXPECT_EQ(failing_, "bad");
}

TEST_F(InboxTest, DropsTheOldAndTheSurplus) {
  rules_.most = 3;
  open();
  ASSERT_TRUE(inbox_->take(mail("ancient", 0, now() - 24h * 100)));
  EXPECT_EQ(inbox_->size(), 0u);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(inbox_->take(mail(std::to_string(i), 0, now() - 24h * (10 - i))));
  }
  EXPECT_EQ(inbox_->size(), 3u);
  EXPECT_EQ(inbox_->list({}).at(0)->id, "4");
  open();
  EXPECT_EQ(inbox_->size(), 3u);
}

TEST_F(InboxTest, AMailThatIsNoReportIsAnError) {
  const auto none = inbox_->take("Subject: hello\r\n\r\nhello\r\n");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text(), HasSubstr("application/tlsrpt+gzip"));
  rules_.most_mail = 100;
  open();
  EXPECT_FALSE(inbox_->take(mail("1")));
}

TEST_F(InboxTest, ABombIsStopped) {
  rules_.most_json = 1 << 20;
  open();
  const MailParts parts{{"a", "b"}, {"c", "d"}, "d", "b", now()};
  TlsReport report;
  const auto bomb = report_mail(report, gzip(std::string(50 << 20, ' ')), parts);
  EXPECT_LT(bomb.size(), 200000u);
  const auto taken = inbox_->take(bomb);
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().text(), HasSubstr("more than 1048576"));
}

TEST_F(InboxTest, AReportAboutTheFutureIsRefused) {
  const auto forged = inbox_->take(mail("forged", 0, now() + 24h * 365));
  ASSERT_FALSE(forged);
  EXPECT_THAT(forged.error().text(), HasSubstr("a time that is over"));
  EXPECT_TRUE(inbox_->take(mail("today", 0, now()))) << "clocks differ";
  EXPECT_EQ(inbox_->size(), 1u);
}

TEST_F(InboxTest, AnEndBeforeTheBeginIsRefused) {
  TlsReport report{"Sender", "a@sender.example", "1", now() - 24h, now() - 48h, {}};
  report.policies.push_back({"sts", {}, "example.com", {}, 5, 0, {}});
  EXPECT_FALSE(inbox_->take(
      report_mail(report, gzip(report_json(report)), {{"a", "b"}, {"c", "d"}, "d", "b", now()})));
}

TEST_F(InboxTest, AReportThatBeginsEarlyKeepsNoOldOnes) {
  TlsReport early{"Sender", "a@sender.example", "early", Time(24h), now(), {}};
  early.policies.push_back({"sts", {}, "example.com", {}, 5, 0, {}});
  ASSERT_TRUE(inbox_->take(
      report_mail(early, gzip(report_json(early)), {{"a", "b"}, {"c", "d"}, "d", "b", now()})));
  ASSERT_TRUE(inbox_->take(mail("ancient", 0, now() - 24h * 100)));
  ASSERT_EQ(inbox_->size(), 1u);
  EXPECT_EQ(inbox_->list({}).at(0)->id, "early");
}

TEST_F(InboxTest, KeepsWithinItsBytes) {
  rules_.most_kept = 1800;  // a report takes some 400
  open();
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(inbox_->take(mail(std::to_string(i), 0, now() - 24h * (20 - i))));
  }
  EXPECT_GT(inbox_->size(), 1u);
  EXPECT_LT(inbox_->size(), 5u);
  EXPECT_EQ(inbox_->list({}).at(0)->id, "8");
  const auto size = inbox_->size();
  rules_.most_kept = 900;
  open();
  EXPECT_LT(inbox_->size(), size) << "also what was kept before";
}

// Ten thousand texts of a byte are little as JSON.
TEST_F(InboxTest, CountsMemoryAndNotJson) {
  rules_.most_kept = 100000;
  open();
  TlsReport large{"Sender", "a@sender.example", "large", now() - 48h, now() - 24h, {}};
  large.policies.push_back({"sts", {}, "example.com", {}, 5, 0, {}});
  large.policies[0].strings = large.policies[0].mx = std::vector<std::string>(1000, "x");
  const auto json = report_json(large);
  ASSERT_LT(json.size(), 20000u);
  for (int i = 0; i < 3; ++i) {
    large.id = std::to_string(i);
    ASSERT_TRUE(inbox_->take(
        report_mail(large, gzip(report_json(large)), {{"a", "b"}, {"c", "d"}, "d", "b", now()})));
  }
  EXPECT_EQ(inbox_->size(), 1u);
}

}  // namespace
}  // namespace outrider::report
