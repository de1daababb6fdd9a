#include "outrider/receive/past.h"

#include <gtest/gtest.h>

namespace outrider::receive {
namespace {

using namespace std::chrono_literals;

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

TEST(Past, IsOfADomainAndANetwork) {
  EXPECT_EQ(past_key("Example.ORG", address("192.0.2.1")),
            past_key("example.org", address("192.0.2.99")));
  EXPECT_NE(past_key("example.org", address("192.0.2.1")),
            past_key("example.org", address("192.0.3.1")));
  EXPECT_NE(past_key("example.org", address("192.0.2.1")),
            past_key("example.net", address("192.0.2.1")));
  EXPECT_EQ(past_key("example.org", address("2001:db8:1::1")),
            past_key("example.org", address("2001:db8:1:2::1")));
}

TEST(Past, L7_L9_MissesTlsForAWhile) {
  trust::HistoryRules rules;
  rules.wait = 1h;
  Past past(rules);
  TlsFacts facts;
  facts.version = "TLSv1.3";
  const Time begin{24h * 20000};
  EXPECT_FALSE(past.judge("a", nullptr, begin)) << "nothing is known yet";
  EXPECT_FALSE(past.judge("a", &facts, begin));
  const auto missed = past.judge("a", nullptr, begin + 1min);
  ASSERT_TRUE(missed);
  EXPECT_TRUE(missed->tell && missed->waits);
  const auto later = past.judge("a", nullptr, begin + 2h);
  ASSERT_TRUE(later);
  EXPECT_FALSE(later->waits) << "history is no proof";
  EXPECT_FALSE(past.judge("a", nullptr, begin + 24h * 40)) << "it expired";
}

}  // namespace
}  // namespace outrider::receive
