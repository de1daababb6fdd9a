#include "fixture.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class Browse : public QueueTest {
 protected:
  std::vector<MessageId> ids_of(Filter filter = {}, MessageId after = {},
                                std::size_t limit = 1000) {
    std::vector<MessageId> ids;
    for (const Item& item : list(std::move(filter), after, limit)) ids.push_back(item.id);
    return ids;
  }
};

TEST_F(Browse, ListsInPagesInTheOrderOfArrival) {
  open();
  std::vector<MessageId> ids, seen;
  for (int at = 0; at < 25; ++at) ids.push_back(*put(envelope_to({"a@one.test"})));
  for (MessageId after;;) {
    const auto page = ids_of({}, after, 10);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 10u);
    seen.insert(seen.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(seen, ids);
}

TEST_F(Browse, EveryGivenPartOfTheFilterMustMatch) {
  options_.destination_of = [](const Address& address) {
    return address.domain == "two.test" ? "relay" : address.domain;
  };
  open();
  const auto one = *put(envelope_to({"a@one.test"}));
  const auto two = *put(envelope_to({"A.b@two.test"}, "other"));
  const auto both = *put(envelope_to({"a@one.test", "b@two.test"}, ""));
  EXPECT_THAT(ids_of({.sender = "SENDER@example.org"}), ElementsAre(one));
  EXPECT_THAT(ids_of({.sender = "@example.org"}), ElementsAre(one, two));
  EXPECT_THAT(ids_of({.sender = "<>"}), ElementsAre(both));
  EXPECT_THAT(ids_of({.recipient = "a.B@two.test"}), ElementsAre(two));
  EXPECT_THAT(ids_of({.recipient = "@one.test"}), ElementsAre(one, both));
  EXPECT_THAT(ids_of({.destination = "relay"}), ElementsAre(two, both));
  EXPECT_THAT(ids_of({.destination = "two.test"}), ElementsAre(two, both));
  EXPECT_THAT(ids_of({.sender = "@example.org", .destination = "relay"}), ElementsAre(two));
  EXPECT_THAT(ids_of({.ids = {both, one, one, MessageId{1}}}), ElementsAre(one, both));
  EXPECT_THAT(ids_of({.ids = {both, one}, .sender = "<>"}), ElementsAre(both));
  EXPECT_THAT(ids_of({.held = true}), SizeIs(0));
  EXPECT_EQ(apply(Action::Hold, {.ids = {two}}), 1u);
  EXPECT_THAT(ids_of({.held = true}), ElementsAre(two));
  EXPECT_THAT(ids_of({.held = false}), ElementsAre(one, both));
}

TEST_F(Browse, WhatWaitsForSecurityIsAStateOfItsOwn) {
  options_.retry.first = 1ms;
  open();
  const auto id = *put(envelope_to({"a@one.test"}));
  put(envelope_to({"b@two.test"}));
  auto waits = outcome(0, RecipientStatus::Pending);
  waits.for_tls = true;
  finish(claim("one.test"), {waits});
  EXPECT_TRUE(eventually([&] { return queue_->counts().for_tls == 1; }));
  EXPECT_THAT(ids_of({.for_tls = true}), ElementsAre(id));
  EXPECT_THAT(ids_of({.for_tls = false}), SizeIs(1));
  EXPECT_TRUE(list()[0].for_tls);
  reopen();
  EXPECT_EQ(queue_->counts().for_tls, 1u);
  finish(claim("one.test"), {outcome(0, RecipientStatus::Pending)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().for_tls == 0; })) << "another reason now";
}

TEST_F(Browse, AHeldMessageIsNotDeliveredUntilReleased) {
  open();
  const auto id = *put(envelope_to({"a@one.test"}));
  ASSERT_TRUE(is_due("one.test"));
  EXPECT_EQ(apply(Action::Hold), 1u);
  EXPECT_EQ(apply(Action::Hold), 0u);
  EXPECT_EQ(queue_->counts().held, 1u);
  EXPECT_FALSE(claim("one.test", 20ms));
  EXPECT_EQ(apply(Action::Retry), 0u);
  reopen();
  EXPECT_EQ(queue_->counts().held, 1u);
  EXPECT_TRUE(list()[0].held);
  EXPECT_FALSE(claim("one.test", 20ms));
  EXPECT_EQ(apply(Action::Release), 1u);
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->id(), id);
  EXPECT_EQ(queue_->counts().held, 0u);
  finish(std::move(claim), {outcome(0, RecipientStatus::Relayed)});
}

TEST_F(Browse, HoldingAClaimedMessageStopsItAfterTheAttempt) {
  options_.retry.first = 1ms;
  open();
  put(envelope_to({"a@one.test", "b@one.test"}));
  auto claim = this->claim("one.test");
  EXPECT_EQ(apply(Action::Hold), 1u);
  finish(std::move(claim),
         {outcome(0, RecipientStatus::Relayed), outcome(1, RecipientStatus::Pending)});
  EXPECT_FALSE(this->claim("one.test", 50ms));
  EXPECT_EQ(list()[0].envelope.recipients[0].status, RecipientStatus::Relayed);
  EXPECT_EQ(list()[0].attempts, 1u);
  apply(Action::Release);
  claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  finish(std::move(claim), {outcome(1, RecipientStatus::Relayed)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().messages == 0; }));
  EXPECT_EQ(queue_->counts().held, 0u);
}

TEST_F(Browse, ARemovedMessageInFlightIsForgottenWithItsNotice) {
  open();
  const auto id = *put(envelope_to({"a@one.test"}));
  auto claim = this->claim("one.test");
  EXPECT_EQ(apply(Action::Remove), 1u);
  EXPECT_EQ(queue_->counts().messages, 0u);
  std::vector<Draft> notices(1);
  notices[0].envelope = envelope_to({"sender@example.org"}, "");
  notices[0].content = "notice";
  finish(std::move(claim), {outcome(0, RecipientStatus::Failed)}, std::move(notices));
  EXPECT_FALSE(this->claim("example.org", 50ms));
  EXPECT_EQ(queue_->counts().messages, 0u);
  EXPECT_EQ(queue_->counts().active, 0u);
  EXPECT_THAT(log_text(), HasSubstr("removed id=" + id.text()));
}

TEST_F(Browse, ARemovedMessageThatIsGivenBackIsGone) {
  open();
  put(envelope_to({"a@one.test"}));
  auto claim = this->claim("one.test");
  apply(Action::Remove);
  give_back(std::move(claim));
  EXPECT_FALSE(this->claim("one.test", 20ms));
}

TEST_F(Browse, RetryMakesADeferredMessageDueNow) {
  open();
  put(envelope_to({"a@one.test"}));
  finish(claim("one.test"), {outcome(0, RecipientStatus::Pending)});
  EXPECT_TRUE(eventually([&] { return queue_->counts().deferred == 1; }));
  EXPECT_EQ(apply(Action::Retry, {.destination = "one.test"}), 1u);
  auto claim = this->claim("one.test");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->attempts(), 1u);
  give_back(std::move(claim));
}

TEST_F(Browse, ActionsReachMoreMessagesThanOneSlice) {
  open();
  auto one = [&]() -> awaitable<void> {
    const auto incoming = queue_->begin();
    mail::Envelope envelope = envelope_to({"a@one.test"});
    EXPECT_TRUE(co_await incoming->commit(std::move(envelope)));
  };
  std::vector<std::future<void>> all;
  for (int at = 0; at < 1201; ++at)
    all.push_back(boost::asio::co_spawn(loop_.executor(), one(), boost::asio::use_future));
  for (auto& each : all) each.get();
  EXPECT_EQ(apply(Action::Hold), 1201u);
  EXPECT_EQ(queue_->counts().held, 1201u);
  EXPECT_EQ(apply(Action::Remove), 1201u);
  EXPECT_EQ(queue_->counts().messages, 0u);
  EXPECT_EQ(queue_->counts().held, 0u);
  EXPECT_EQ(queue_->counts().bytes, 0u);
}

TEST_F(Browse, ContentIsCutAtTheLimitAndUnknownIdsAreSaid) {
  open();
  const auto id = *put(envelope_to({"a@one.test"}), "0123456789");
  EXPECT_EQ(loop_.run(queue_->content(id, 4)), "0123");
  const auto unknown = loop_.run(queue_->content(MessageId{42}, 4));
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().text(), HasSubstr("no such message"));
}

}  // namespace
}  // namespace outrider::queue
