#include "outrider/deliver/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Time noon = Time(1'700'000'000'000ms);

ExplainedHost host(bool sure = true) {
  ExplainedHost each;
  each.host.name = "mx.test";
  trust::Facts facts;
  facts.destination = "test";
  facts.mx_host = "mx.test";
  facts.way_is_sure = sure;
  facts.wish = trust::Wish::RequireTls;
  each.verdict = trust::decide(facts);
  return each;
}

ExplainedHost seen(std::string_view requiretls, Time when = noon - 1h) {
  ExplainedHost each = host();
  each.known.emplace();
  each.known->last = when;
  each.known->sessions.verified = 1;
  each.known->requiretls = requiretls;
  return each;
}

std::optional<smtp::Reply> told(std::vector<ExplainedHost> hosts) {
  Explanation explanation;
  explanation.hosts = std::move(hosts);
  return forecast(explanation, noon);
}

TEST(Forecast, IsSilentWhereNobodyKnows) {
  EXPECT_FALSE(told({}));
  EXPECT_FALSE(told({host()}));
  EXPECT_FALSE(told({seen("yes")}));
  EXPECT_FALSE(told({seen("")}));
}

TEST(Forecast, RefusesWhereNoHostIsProvenToBeTheDomains) {
  const auto reply = told({host(false)});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->code, 550);
  EXPECT_EQ(reply->status, "5.7.10");
  EXPECT_THAT(reply->text, HasSubstr("neither DNSSEC nor MTA-STS"));
}

TEST(Forecast, RefusesWhereTheExtensionWasNotThereOfLate) {
  const auto reply = told({seen("no")});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, "5.7.30");
  EXPECT_THAT(reply->text, HasSubstr("mx.test does not offer REQUIRETLS, as seen at 2023-11-14"));
  EXPECT_FALSE(told({seen("no", noon - 25h)})) << "it may have learnt it";
}

TEST(Forecast, RefusesWhereThereNeverWasTls) {
  ExplainedHost each = seen("");
  each.known->sessions = {.without = 1};
  each.known->missed.why = "the server does not offer STARTTLS";
  const auto reply = told({each});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, "5.7.10");
  EXPECT_THAT(reply->text, HasSubstr("does not offer STARTTLS"));
}

TEST(Forecast, AHostThatCannotBeLookedUpMayDo) {
  Explanation explanation;
  explanation.hosts = {host(false), seen("no")};
  explanation.is_whole = false;
  EXPECT_FALSE(forecast(explanation, noon));
}

TEST(Forecast, OneHostThatMayDoIsEnough) { EXPECT_FALSE(told({host(false), seen("no"), host()})); }

// Of records or of a policy: a look-up that failed may succeed later (RFC 8689 §4.2.1).
TEST(Forecast, WhatCannotBeKnownNowIsNotRefused) {
  ExplainedHost each = host();
  trust::Facts facts;
  facts.mx_host = "mx.test";
  facts.wish = trust::Wish::RequireTls;
  facts.dane.state = trust::DaneState::Failed;
  each.verdict = trust::decide(facts);
  EXPECT_FALSE(told({each}));
  facts.dane.state = trust::DaneState::Insecure;
  facts.way_is_sure = false;
  facts.sts_unknown = true;
  each.verdict = trust::decide(facts);
  EXPECT_FALSE(told({each}));
}

}  // namespace
}  // namespace outrider::deliver
