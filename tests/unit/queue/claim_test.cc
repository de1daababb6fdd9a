#include "fixture.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using testing::ElementsAre;

class ClaimOf : public QueueTest {};

TEST_F(ClaimOf, AClaimDestroyedIsDueAgainFirst) {
  open();
  const auto first = *put(envelope_to({"a@one.test"}));
  const auto second = *put(envelope_to({"b@one.test"}));
  auto claim = this->claim("one.test");
  EXPECT_EQ(claim->id(), first);
  give_back(std::move(claim));
  claim = this->claim("one.test");
  EXPECT_EQ(claim->id(), first);
  EXPECT_EQ(claim->attempts(), 0u);
  auto other = this->claim("one.test");
  EXPECT_EQ(other->id(), second);
  give_back(std::move(other));
  give_back(std::move(claim));
}

TEST_F(ClaimOf, RecipientsWithoutAnOutcomeAreDueAgainUncounted) {
  open();
  put(envelope_to({"a@one.test", "b@one.test"}));
  finish(claim("one.test"), {outcome(0, RecipientStatus::Relayed)});
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_THAT(claim->recipients(), ElementsAre(1));
  EXPECT_EQ(claim->attempts(), 0u);
  give_back(std::move(claim));
}

TEST_F(ClaimOf, FateFollowsTheAgeAndWarnsOnce) {
  options_.retry.first = 1ms;
  open();
  put(envelope_to({"a@one.test"}));
  auto claim = this->claim("one.test");
  const Time arrived = claim->envelope().arrived;
  EXPECT_EQ(claim->fate(arrived + 1h), Fate::Retry);
  EXPECT_EQ(claim->fate(arrived + 4h), Fate::Warn);
  EXPECT_EQ(claim->fate(arrived + 120h), Fate::GiveUp);
  finish(std::move(claim), {outcome(0, RecipientStatus::Pending)}, {}, true);
  claim = this->claim("one.test");
  EXPECT_EQ(claim->fate(arrived + 5h), Fate::Retry);
  give_back(std::move(claim));
  reopen();
  claim = this->claim("one.test");
  EXPECT_EQ(claim->fate(arrived + 5h), Fate::Retry);
  EXPECT_EQ(claim->attempts(), 1u);
  give_back(std::move(claim));
}

TEST_F(ClaimOf, ANoticeIsThereWhenItsCauseIsGone) {
  open();
  put(envelope_to({"a@one.test"}));
  std::vector<Draft> notices(1);
  notices[0].envelope = envelope_to({"sender@example.org"}, "");
  notices[0].content = std::string(300 << 10, 'n');
  finish(claim("one.test"), {outcome(0, RecipientStatus::Failed)}, std::move(notices));
  auto notice = claim("example.org");
  ASSERT_TRUE(notice);
  EXPECT_TRUE(notice->envelope().reverse_path.is_null());
  EXPECT_EQ(*read(*notice), std::string(300 << 10, 'n'));
  EXPECT_EQ(list().size(), 1u);
  give_back(std::move(notice));
  reopen();
  notice = claim("example.org");
  ASSERT_TRUE(notice);
  EXPECT_EQ(*read(*notice), std::string(300 << 10, 'n'));
  give_back(std::move(notice));
}

}  // namespace
}  // namespace outrider::queue
