#include "outrider/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "outrider/tls/ticket_state.h"

namespace outrider::tls {
namespace {

using namespace std::chrono_literals;

class Keys : public testing::Test {
 protected:
  TicketKeys keys{1h};
  TicketKeys::State& state = keys.state();
  const Steady begin = steady_now();
};

TEST_F(Keys, T4_AKeyIsNewAfterItsLifetime) {
  const auto first = state.current(begin);
  EXPECT_EQ(state.current(begin + 59min)->name, first->name);
  const auto second = state.current(begin + 60min);
  EXPECT_NE(second->name, first->name);
  EXPECT_NE(second->cipher, first->cipher);
  EXPECT_NE(second->digest, first->digest);
}

TEST_F(Keys, TheOneBeforeStillReads) {
  const auto first = state.current(begin);
  const auto second = state.current(begin + 60min);
  const auto old = state.find(first->name.data(), begin + 61min);
  ASSERT_TRUE(old);
  EXPECT_EQ(old->cipher, first->cipher);
  EXPECT_EQ(old->digest, first->digest);
  EXPECT_EQ(state.find(second->name.data(), begin + 61min)->cipher, second->cipher);
}

TEST_F(Keys, T4_NoneReadsForLongerThanTwiceItsLifetime) {
  const auto first = state.current(begin);
  EXPECT_TRUE(state.find(first->name.data(), begin + 119min)) << "no ticket came in between";
  EXPECT_FALSE(state.find(first->name.data(), begin + 120min));
  state.current(begin + 119min);
  EXPECT_FALSE(state.find(first->name.data(), begin + 120min));
}

TEST_F(Keys, AnUnknownNameIsNoKey) {
  const unsigned char name[16] = {};
  EXPECT_FALSE(state.find(name, begin));
  state.current(begin);
  EXPECT_FALSE(state.find(name, begin));
}

TEST_F(Keys, AreRandom) {
  TicketKeys others(1h);
  EXPECT_NE(state.current(begin)->cipher, others.state().current(begin)->cipher);
  EXPECT_FALSE(std::ranges::all_of(state.current(begin)->digest, [](auto b) { return b == 0; }));
}

}  // namespace
}  // namespace outrider::tls
