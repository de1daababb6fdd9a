#include "outrider/queue/shard.h"

#include "fixture.h"

namespace outrider::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ShardOf : public testing::Test {
 protected:
  ~ShardOf() override { shard_->stop(); }

  std::vector<Mail> news(std::uint64_t id, const std::string& key, Duration wait = 0ms) {
    auto fresh = std::make_shared<Fresh>(budget_);
    fresh->groups.push_back({key, 0, {0}});
    std::vector<Mail> mail(1);
    mail[0].id = {id};
    mail[0].fresh = std::move(fresh);
    mail[0].in_memory = true;
    mail[0].due = steady_now() + wait;
    return mail;
  }
  void attach() {
    shard_->attach(io_.get_executor(),
                   [this](DestinationId, const std::string& key) { due_.push_back(key); });
  }
  void run() {
    io_.restart();
    io_.poll();
  }

  boost::asio::io_context io_;
  std::shared_ptr<Budget> budget_ = std::make_shared<Budget>(0);
  std::shared_ptr<Shard> shard_ = std::make_shared<Shard>();
  std::vector<std::string> due_;
};

TEST_F(ShardOf, MailGathersUntilSomebodyDelivers) {
  shard_->deliver(news(1, "one"));
  shard_->deliver(news(2, "two"));
  run();
  EXPECT_THAT(due_, IsEmpty());
  attach();
  EXPECT_THAT(due_, IsEmpty()) << "only on the executor";
  run();
  EXPECT_THAT(due_, ElementsAre("one", "two"));
}

TEST_F(ShardOf, TellsOfADestinationOnceUntilItsWorkIsTaken) {
  attach();
  shard_->deliver(news(1, "one"));
  shard_->deliver(news(2, "one"));
  run();
  shard_->deliver(news(3, "one"));
  run();
  EXPECT_THAT(due_, ElementsAre("one"));
  for (int at = 0; at < 3; ++at) EXPECT_TRUE(shard_->schedule().take(0, steady_now()));
  shard_->changed();
  EXPECT_EQ(shard_->claimed(), 3u);
  shard_->deliver(news(4, "one"));
  run();
  EXPECT_THAT(due_, ElementsAre("one", "one"));
}

TEST_F(ShardOf, ATimerBringsWhatBecomesDueTheEarliestFirst) {
  attach();
  shard_->deliver(news(1, "late", 1h));
  run();
  EXPECT_EQ(shard_->waiting(), 1u);
  shard_->deliver(news(2, "soon", 5ms));
  run();
  EXPECT_THAT(due_, IsEmpty());
  io_.restart();
  io_.run_one_for(2s);  // the timer for the hour, cancelled
  io_.run_one_for(2s);
  EXPECT_THAT(due_, ElementsAre("soon"));
}

TEST_F(ShardOf, WhatIsGivenBackInsideAClaimIsToldLater) {
  attach();
  shard_->deliver(news(1, "one"));
  run();
  ASSERT_TRUE(shard_->schedule().take(0, steady_now()));
  shard_->schedule().give_back({1}, 0);
  shard_->changed();
  EXPECT_THAT(due_, ElementsAre("one"));
  run();
  EXPECT_THAT(due_, ElementsAre("one", "one"));
}

TEST_F(ShardOf, AfterStopNothingIsPosted) {
  attach();
  run();
  shard_->stop();
  shard_->deliver(news(1, "one"));
  EXPECT_EQ(io_.poll(), 0u);
  EXPECT_THAT(due_, IsEmpty());
}

TEST_F(ShardOf, OutlivesTheExecutorWithATimerSet) {
  auto io = std::make_unique<boost::asio::io_context>();
  auto shard = std::make_shared<Shard>();
  shard->attach(io->get_executor(), [](DestinationId, const std::string&) {});
  shard->deliver(news(1, "late", 1h));
  io->poll();
  shard->stop();
  io.reset();
  EXPECT_EQ(shard->waiting(), 1u);
}

}  // namespace
}  // namespace outrider::queue
