#include "outrider/receive/notices.h"

#include <gtest/gtest.h>

#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

class ExpansionNotice : public testing::Test {
 protected:
  ExpansionNotice() {
    thread_.start();
    told_.recipients.resize(1);
    told_.recipients[0].address = {"team", "example.org"};
    told_.recipients[0].notify = mail::notify_success;
    told_.recipients[0].status = mail::RecipientStatus::Expanded;
    told_.envelope.reverse_path = {"s", "example.net"};
    told_.envelope.envid = "QQ314159";
    told_.header = "Subject: hello\r\n";
  }
  ~ExpansionNotice() override { thread_.stop(); }

  Result<void> tell() {
    std::atomic<bool> done{false};
    Result<void> result;
    thread_.spawn(run(result, done));
    EXPECT_TRUE(comes_true([&] { return done.load(); }));
    return result;
  }

  test::MemoryQueue queue_;
  net::IoThread thread_{0};
  Told told_;

 private:
  awaitable<void> run(Result<void>& result, std::atomic<bool>& done) {
    result = co_await tell_sender(queue_, "mx.example.org", told_);
    done = true;
  }
};

TEST_F(ExpansionNotice, GoesToTheSenderWithANullReversePath) {
  EXPECT_TRUE(tell());
  ASSERT_EQ(queue_.messages().size(), 1u);
  const auto notice = queue_.messages()[0];
  EXPECT_TRUE(notice.envelope.reverse_path.is_null());
  ASSERT_EQ(notice.envelope.recipients.size(), 1u);
  EXPECT_EQ(notice.envelope.recipients[0].address.text(), "s@example.net");
  EXPECT_NE(notice.content.find("Action: expanded"), std::string::npos) << notice.content;
  EXPECT_NE(notice.content.find("team@example.org"), std::string::npos);
  EXPECT_NE(notice.content.find("QQ314159"), std::string::npos);
}

TEST_F(ExpansionNotice, IsNotForTheNullReversePath) {
  told_.envelope.reverse_path = {};
  EXPECT_TRUE(tell());
  EXPECT_TRUE(queue_.messages().empty());
}

TEST_F(ExpansionNotice, IsNotForWhoDidNotAsk) {
  told_.recipients[0].notify = mail::notify_failure;
  EXPECT_TRUE(tell());
  EXPECT_TRUE(queue_.messages().empty());
}

TEST_F(ExpansionNotice, SaysWhatTheQueueSaid) {
  queue_.fail_commit = true;
  EXPECT_FALSE(tell());
}

}  // namespace
}  // namespace outrider::receive
