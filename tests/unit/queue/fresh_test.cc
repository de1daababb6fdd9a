#include "outrider/queue/fresh.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace outrider::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

mail::Envelope to(const std::vector<std::string>& domains) {
  mail::Envelope envelope;
  for (const std::string& domain : domains) {
    envelope.recipients.emplace_back();
    envelope.recipients.back().address = {"a", domain};
  }
  return envelope;
}

const DestinationOf by_domain = [](const Address& address) { return address.domain; };

TEST(Groups, AreByDestinationInTheOrderOfTheEnvelope) {
  const auto groups = group_pending(to({"x", "y", "x", "z", "y", "y"}), by_domain, 1);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].key, "x");
  EXPECT_THAT(groups[0].recipients, ElementsAre(0, 2));
  EXPECT_EQ(groups[1].key, "y");
  EXPECT_THAT(groups[1].recipients, ElementsAre(1, 4, 5));
  EXPECT_THAT(groups[2].recipients, ElementsAre(3));
}

TEST(Groups, HoldOnlyWhoStillWaits) {
  auto envelope = to({"x", "y"});
  envelope.recipients[0].status = mail::RecipientStatus::Relayed;
  const auto groups = group_pending(envelope, by_domain, 1);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_THAT(groups[0].recipients, ElementsAre(1));
  EXPECT_THAT(group_pending(to({}), by_domain, 1), IsEmpty());
}

TEST(Groups, OfOneKeyAreOfOneShard) {
  for (const char* key : {"one.test", "two.test", ""}) {
    EXPECT_EQ(shard_of(key, 1), 0u);
    EXPECT_LT(shard_of(key, 7), 7u);
    EXPECT_EQ(group_pending(to({key}), by_domain, 7)[0].shard, shard_of(key, 7));
  }
}

TEST(Fresh, GivesBackToTheBudgetWhatItTook) {
  const auto budget = std::make_shared<Budget>(10'000);
  {
    Fresh fresh(budget);
    fresh.body = std::string(9'000, 'x');
    fresh.envelope = to({"x"});
    fresh.count();
    EXPECT_GE(budget->used(), 9'000u);
    Fresh second(budget);
    second.body = std::string(2'000, 'x');
    second.count();
    EXPECT_TRUE(budget->over());
  }
  EXPECT_EQ(budget->used(), 0u);
  EXPECT_FALSE(budget->over());
}

}  // namespace
}  // namespace outrider::queue
