#include "outrider/trust/tls_past.h"

#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

using namespace std::chrono_literals;

const Time noon = Time(1'700'000'000'000ms);
const HistoryRules rules{.memory = 24h * 30, .wait = 1h};

TEST(TlsPast, L7_MissesWhatItHasSeenOfThatHostAlone) {
  TlsPast past(rules);
  past.seen("mx.one.test:25", "TLSv1.3", noon);
  EXPECT_FALSE(past.missed("mx.two.test:25", noon));
  EXPECT_FALSE(past.missed("mx.one.test:587", noon));
  const auto absence = past.missed("mx.one.test:25", noon + 1min);
  ASSERT_TRUE(absence);
  EXPECT_TRUE(absence->tell);
  EXPECT_EQ(absence->until, noon + 1h + 1min);
}

TEST(TlsPast, L9_ForgetsWhatIsTooOld) {
  TlsPast past(rules);
  past.seen("mx.test:25", "TLSv1.3", noon);
  EXPECT_FALSE(past.missed("mx.test:25", noon + 24h * 30));
  EXPECT_EQ(past.size(), 0u);
}

TEST(TlsPast, L9_ForgetsByAnOperatorsWord) {
  TlsPast past(rules);
  past.seen("mx.test:25", "TLSv1.3", noon);
  EXPECT_TRUE(past.forget("mx.test:25"));
  EXPECT_FALSE(past.forget("mx.test:25"));
  EXPECT_FALSE(past.missed("mx.test:25", noon));
}

TEST(TlsPast, IsBoundedAndTheOldestMakesRoom) {
  TlsPast past(rules, 3);
  for (int i = 0; i < 5; ++i) past.seen(std::to_string(i), "TLSv1.3", noon + i * 1min);
  EXPECT_EQ(past.size(), 3u);
  EXPECT_EQ(past.find("1"), nullptr);
  ASSERT_NE(past.find("2"), nullptr);
  past.seen("2", "TLSv1.3", noon + 1h);
  past.seen("5", "TLSv1.3", noon + 1h);
  EXPECT_NE(past.find("2"), nullptr) << "it was seen lately";
  EXPECT_EQ(past.find("3"), nullptr);
}

TEST(TlsPast, WhatExpiredMakesRoomFirst) {
  TlsPast past(rules, 2);
  past.seen("old", "TLSv1.3", noon);
  past.seen("older", "TLSv1.3", noon - 1h);
  past.seen("new", "TLSv1.3", noon + 24h * 40);
  EXPECT_EQ(past.size(), 1u);
}

TEST(TlsPast, WithoutRoomNothingIsRemembered) {
  TlsPast past(rules, 0);
  past.seen("mx.test:25", "TLSv1.3", noon);
  EXPECT_EQ(past.size(), 0u);
}

}  // namespace
}  // namespace outrider::trust
