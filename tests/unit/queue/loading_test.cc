#include "fixture.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using testing::ElementsAre;

class LoadingOf : public QueueTest {};

TEST_F(LoadingOf, AChangedRouteTakesEffectAtTheNextAttemptFromDisk) {
  std::atomic<bool> moved = false;
  options_.destination_of = [&](const Address& address) {
    return moved ? "smarthost" : address.domain;
  };
  options_.retry.first = 1ms;
  open();
  put(envelope_to({"a@one.test"}));
  auto claim = this->claim("one.test");
  moved = true;
  finish(std::move(claim), {outcome(0, RecipientStatus::Pending)});
  EXPECT_FALSE(this->claim("one.test", 50ms));
  claim = this->claim("smarthost");
  ASSERT_TRUE(claim);
  finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
}

TEST_F(LoadingOf, ADeferredMessageComesBackFromDiskAfterItsTime) {
  options_.retry.first = 30ms;
  open();
  put(envelope_to({"a@one.test", "b@one.test"}), "body\r\n");
  finish(claim("one.test"), {outcome(0, RecipientStatus::Relayed),
                             outcome(1, RecipientStatus::Pending, "450 4.2.1 busy")});
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->attempts(), 1u);
  EXPECT_THAT(claim->recipients(), ElementsAre(1));
  EXPECT_EQ(claim->envelope().recipients[1].reply, "450 4.2.1 busy");
  EXPECT_EQ(claim->envelope().recipients[1].remote, "mx.test[192.0.2.1]:25");
  EXPECT_EQ(claim->envelope().recipients[0].status, RecipientStatus::Relayed);
  EXPECT_EQ(*read(*claim), "body\r\n");
  finish(std::move(claim), {outcome(1, RecipientStatus::Relayed)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
}

TEST_F(LoadingOf, OnlyThoseAreTriedWhoseTimeHasCome) {
  options_.retry.first = 30ms;
  options_.retry.longest = 1h;
  options_.retry.factor = 1'000;
  options_.retry.jitter = 0;
  open();
  put(envelope_to({"a@one.test", "b@one.test"}));
  finish(claim("one.test"),
         {outcome(0, RecipientStatus::Pending), outcome(1, RecipientStatus::Pending)});
  finish(claim("one.test"), {outcome(0, RecipientStatus::Pending)});  // 30 s for this one
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_THAT(claim->recipients(), ElementsAre(1));
  EXPECT_EQ(claim->attempts(), 1u);
  give_back(std::move(claim));
}

}  // namespace
}  // namespace outrider::queue
