#include "outrider/queue/queue.h"

#include "fixture.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class QueueOf : public QueueTest {};

TEST_F(QueueOf, OneMessageGoesThrough) {
  open();
  const auto id = put(envelope_to({"a@one.test"}), "Subject: hello\r\n\r\nhello\r\n");
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_EQ(queue_->counts().messages, 1u);

  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->id(), *id);
  EXPECT_EQ(claim->attempts(), 0u);
  EXPECT_THAT(claim->recipients(), ElementsAre(0));
  EXPECT_EQ(claim->envelope().reverse_path.text(), "sender@example.org");
  EXPECT_EQ(claim->envelope().size, 25u);
  EXPECT_EQ(*read(*claim), "Subject: hello\r\n\r\nhello\r\n");
  claim->rewind();
  EXPECT_EQ(*read(*claim), "Subject: hello\r\n\r\nhello\r\n");
  EXPECT_TRUE(list()[0].active);

  finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
  EXPECT_EQ(queue_->counts().bytes, 0u);
  EXPECT_TRUE(eventually([&] { return queue_->counts().active == 0; }));
  EXPECT_THAT(list(), SizeIs(0));
  EXPECT_THAT(log_text(), HasSubstr("removed id=" + id->text()));
}

TEST_F(QueueOf, ClaimsOnceAndInTheOrderOfArrival) {
  open();
  std::vector<MessageId> ids;
  for (int at = 0; at < 5; ++at) ids.push_back(*put(envelope_to({"a@one.test"})));
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  std::vector<std::unique_ptr<Claim>> claims;
  for (const MessageId id : ids) {
    claims.push_back(claim("one.test"));
    EXPECT_EQ(claims.back()->id(), id);
  }
  EXPECT_FALSE(claim("one.test", 20ms));
  EXPECT_EQ(queue_->counts().active, 5u);
  EXPECT_EQ(times_due_["one.test"], 1);
  for (auto& each : claims) give_back(std::move(each));
  EXPECT_TRUE(eventually([&] { return queue_->counts().active == 0; }));
}

TEST_F(QueueOf, RecipientsOfOneDestinationGoTogetherAndOthersApart) {
  open();
  put(envelope_to({"a@one.test", "b@two.test", "c@one.test"}));
  auto one = claim("one.test");
  auto two = claim("two.test");
  ASSERT_TRUE(one && two);
  EXPECT_THAT(one->recipients(), ElementsAre(0, 2));
  EXPECT_THAT(two->recipients(), ElementsAre(1));

  finish(std::move(one),
         {outcome(0, RecipientStatus::Relayed), outcome(2, RecipientStatus::Failed, "550 no")});
  EXPECT_TRUE(eventually(
      [&] { return list()[0].envelope.recipients[2].status == RecipientStatus::Failed; }));
  EXPECT_EQ(list()[0].envelope.recipients[2].reply, "550 no");
  EXPECT_EQ(list()[0].envelope.recipients[1].status, RecipientStatus::Pending);
  finish(std::move(two), {outcome(1, RecipientStatus::Delivered)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
}

TEST_F(QueueOf, ADeferredMessageWaits) {
  open();
  put(envelope_to({"a@one.test"}));
  finish(claim("one.test"), {outcome(0, RecipientStatus::Pending)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().deferred == 1; }));
  EXPECT_FALSE(claim("one.test", 30ms));
  const auto item = list()[0];
  EXPECT_EQ(item.attempts, 1u);
  EXPECT_GT(item.next_attempt, now() + 3min);
  EXPECT_LT(item.next_attempt, now() + 7min);
}

TEST_F(QueueOf, APostponedDestinationRestsUntilItsTime) {
  open();
  put(envelope_to({"a@one.test"}));
  ASSERT_TRUE(is_due("one.test"));
  const auto [shard, destination] = due_["one.test"];
  on_loop([&, at = shard, to = destination] { queue_->postpone(at, to, steady_now() + 60ms); });
  EXPECT_FALSE(claim("one.test", 10ms));
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard guard(lock_);
    return times_due_["one.test"] == 2;
  }));
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->attempts(), 0u);
  give_back(std::move(claim));
}

TEST_F(QueueOf, AfterStopNothingIsClaimedAndFinishIsRecorded) {
  open();
  put(envelope_to({"a@one.test"}));
  put(envelope_to({"b@one.test"}));
  auto claim = this->claim("one.test");
  queue_->stop();
  EXPECT_FALSE(this->claim("one.test", 10ms));
  finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 1; }));
  EXPECT_TRUE(put(envelope_to({"c@one.test"})));
}

TEST_F(QueueOf, ShardsShareTheDestinations) {
  options_.shards = 4;
  open();
  for (int at = 0; at < 40; ++at) put(envelope_to({"a@d" + std::to_string(at) + ".test"}));
  std::set<unsigned> shards;
  for (int at = 0; at < 40; ++at) {
    const std::string key = "d" + std::to_string(at) + ".test";
    auto claim = this->claim(key);
    ASSERT_TRUE(claim) << key;
    shards.insert(due_[key].first);
    finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
  }
  EXPECT_EQ(shards.size(), 4u);
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
}

TEST_F(QueueOf, AMessageWithoutContentIsOne) {
  open();
  put(envelope_to({"a@one.test"}), "");
  auto claim = this->claim("one.test");
  EXPECT_EQ(*read(*claim), "");
  give_back(std::move(claim));
}

}  // namespace
}  // namespace outrider::queue
