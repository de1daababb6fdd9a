#include "outrider/trust/history.h"

#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

using namespace std::chrono_literals;

const Time noon = Time(1'700'000'000'000ms);
const HistoryRules rules{.memory = 24h * 30, .wait = 1h, .silence = 1h};

TlsHistory seen_at(Time time) {
  TlsHistory memory;
  remember(memory, "TLSv1.3", time);
  return memory;
}

TEST(TlsHistory, RemembersFirstLastCountAndTheBestVersion) {
  TlsHistory memory;
  remember(memory, "TLSv1.2", noon);
  remember(memory, "TLSv1.3", noon + 1h);
  remember(memory, "TLSv1.2", noon + 2h);
  EXPECT_EQ(memory.first, noon);
  EXPECT_EQ(memory.last, noon + 2h);
  EXPECT_EQ(memory.count, 3u);
  EXPECT_EQ(memory.best, "TLSv1.3");
}

TEST(TlsHistory, L7_WhatWasSeenAndIsNotIsGone) {
  const auto memory = seen_at(noon);
  EXPECT_EQ(judge(&memory, false, noon + 1h, rules), Change::Gone);
  EXPECT_EQ(judge(&memory, true, noon + 1h, rules), Change::AsBefore);
}

TEST(TlsHistory, L7_NothingIsMissedOfAHostThatNeverHadIt) {
  EXPECT_EQ(judge(nullptr, false, noon, rules), Change::AsBefore);
  const TlsHistory empty;
  EXPECT_EQ(judge(&empty, false, noon, rules), Change::AsBefore);
}

TEST(TlsHistory, L9_MemoryExpires) {
  const auto memory = seen_at(noon);
  EXPECT_EQ(judge(&memory, false, noon + 24h * 30 - 1ms, rules), Change::Gone);
  EXPECT_EQ(judge(&memory, false, noon + 24h * 30, rules), Change::AsBefore);
  EXPECT_FALSE(is_fresh(memory, noon + 24h * 30, rules));
}

TEST(TlsHistory, L9_WhatIsMissedIsNotSeenAndSoTheMemoryAges) {
  auto memory = seen_at(noon);
  for (int day = 1; day < 30; ++day) miss(memory, noon + 24h * day, rules);
  EXPECT_EQ(judge(&memory, false, noon + 24h * 30, rules), Change::AsBefore);
}

TEST(TlsHistory, L7_TheWaitIsCountedFromTheFirstAlarmAndEnds) {
  auto memory = seen_at(noon - 24h);
  const auto first = miss(memory, noon, rules);
  EXPECT_TRUE(first.tell);
  EXPECT_TRUE(first.waits);
  EXPECT_EQ(first.until, noon + 1h);
  EXPECT_EQ(first.last_seen, noon - 24h);
  EXPECT_EQ(miss(memory, noon + 30min, rules).until, noon + 1h);
  EXPECT_TRUE(miss(memory, noon + 59min, rules).waits);
  EXPECT_FALSE(miss(memory, noon + 1h, rules).waits);
  EXPECT_FALSE(miss(memory, noon + 5h, rules).waits);
}

TEST(TlsHistory, L7_TheAlarmIsRaisedOnceAnHour) {
  auto memory = seen_at(noon);
  EXPECT_TRUE(miss(memory, noon, rules).tell);
  EXPECT_FALSE(miss(memory, noon + 59min, rules).tell);
  EXPECT_TRUE(miss(memory, noon + 60min, rules).tell);
  EXPECT_FALSE(miss(memory, noon + 61min, rules).tell);
}

TEST(TlsHistory, L7_WithoutAWaitItIsOnlyTold) {
  auto memory = seen_at(noon);
  const HistoryRules told{.wait = Duration(0)};
  const auto absence = miss(memory, noon, told);
  EXPECT_TRUE(absence.tell);
  EXPECT_FALSE(absence.waits);
}

TEST(TlsHistory, L7_TlsThatIsBackStartsAnew) {
  auto memory = seen_at(noon);
  miss(memory, noon, rules);
  remember(memory, "TLSv1.3", noon + 2h);
  EXPECT_FALSE(memory.gone);
  const auto again = miss(memory, noon + 3h, rules);
  EXPECT_TRUE(again.tell);
  EXPECT_EQ(again.until, noon + 4h);
}

TEST(TlsHistory, L7_AClockThatIsSetBackDoesNotProlongTheWait) {
  auto memory = seen_at(noon);
  miss(memory, noon, rules);
  EXPECT_EQ(miss(memory, noon - 5h, rules).until, noon - 4h);
  EXPECT_FALSE(miss(memory, noon - 4h, rules).waits);
}

}  // namespace
}  // namespace outrider::trust
