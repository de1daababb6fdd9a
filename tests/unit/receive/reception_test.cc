#include "outrider/receive/reception.h"

#include <gtest/gtest.h>

#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

class ReceptionTest : public testing::Test {
 protected:
  static LogOptions log_options() {
    LogOptions options;
    options.path = "/dev/null";
    return options;
  }
  test::MemoryQueue queue_;
  Log log_{log_options()};
  net::IoThread one_{0}, two_{1};
  Reception reception_{queue_, nullptr, {&one_, &two_}, log_};
};

TEST_F(ReceptionTest, SettlesWhatFollowsFromRoleAndTls) {
  Options options;
  options.listeners.resize(2);
  options.listeners[0].role = Role::Lmtp;
  options.listeners[0].tls = TlsMode::StartTls;
  options.listeners[1].smtp.lmtp = true;
  options.listeners[1].smtp.offer_starttls = true;
  reception_.set_options(options);
  const auto settled = reception_.options();
  EXPECT_TRUE(settled->listeners[0].smtp.lmtp);
  EXPECT_FALSE(settled->listeners[0].smtp.offer_starttls) << "without a certificate";
  EXPECT_FALSE(settled->listeners[1].smtp.lmtp);
  EXPECT_FALSE(settled->listeners[1].smtp.offer_starttls);
}

TEST_F(ReceptionTest, LogsTheTurnedAwayOnceASecond) {
  std::uint64_t silent = 9;
  EXPECT_TRUE(reception_.may_log_turned_away(silent));
  EXPECT_EQ(silent, 0u);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(reception_.may_log_turned_away(silent));
  std::this_thread::sleep_for(std::chrono::milliseconds(1010));
  EXPECT_TRUE(reception_.may_log_turned_away(silent));
  EXPECT_EQ(silent, 5u);
  EXPECT_EQ(reception_.turned_away, 7u);
}

TEST_F(ReceptionTest, KnowsWhenItIsEmpty) {
  EXPECT_TRUE(reception_.wait_until_empty(Duration(0)));
  reception_.opened();
  EXPECT_FALSE(reception_.wait_until_empty(Duration(1)));
  reception_.closed();
  EXPECT_TRUE(reception_.wait_until_empty(Duration(0)));
}

TEST_F(ReceptionTest, KeepsConnectionsByThread) {
  EXPECT_EQ(reception_.of(two_).thread, &two_);
  EXPECT_EQ(reception_.of(one_).thread, &one_);
}

}  // namespace
}  // namespace outrider::receive
