#include "outrider/dns/second_opinion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace outrider::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RawAnswer answer(Status status, bool secure, std::string why = {}) {
  RawAnswer answer;
  answer.status = status;
  answer.secure = secure;
  answer.why = std::move(why);
  answer.canonical = "mx.example";
  return answer;
}
RawAnswer secure() { return answer(Status::Found, true); }
RawAnswer insecure() { return answer(Status::Found, false); }
RawAnswer bogus() { return answer(Status::Bogus, false, "expired"); }
RawAnswer failed() { return answer(Status::Failed, false, "SERVFAIL"); }

TEST(SecondOpinion, IsOurAnswerWhereBothAgree) {
  auto own = secure();
  own.data = {"ours"};
  auto theirs = answer(Status::NoData, true);
  const auto agreed = compare(own, theirs);
  EXPECT_TRUE(agreed.found() && agreed.secure && !agreed.disputed);
  EXPECT_THAT(agreed.data, ElementsAre("ours"));
  EXPECT_TRUE(compare(insecure(), insecure()).found());
  const auto forged = compare(bogus(), bogus());
  EXPECT_EQ(forged.status, Status::Bogus);
  EXPECT_FALSE(forged.disputed);
}

TEST(SecondOpinion, IsADisputeWhereBothKnowAndDoNotAgree) {
  const std::vector<std::pair<RawAnswer, std::string>> known{
      {secure(), "secure"}, {insecure(), "insecure"}, {bogus(), "bogus"}};
  for (const auto& [own, own_word] : known) {
    for (const auto& [theirs, their_word] : known) {
      if (own_word == their_word) continue;
      const auto disputed = compare(own, theirs);
      EXPECT_EQ(disputed.status, Status::Bogus);
      EXPECT_TRUE(disputed.disputed);
      EXPECT_FALSE(disputed.secure);
      EXPECT_EQ(disputed.canonical, "mx.example");
      EXPECT_THAT(disputed.why, HasSubstr(own_word + " by our own validation"));
      EXPECT_THAT(disputed.why, HasSubstr(their_word + " by the resolver"));
    }
  }
  EXPECT_THAT(compare(secure(), bogus()).why, HasSubstr("(expired)"));
}

TEST(SecondOpinion, DeniesInTheSameThreeStates) {
  EXPECT_TRUE(compare(answer(Status::NoName, true), answer(Status::NoName, false)).disputed);
  EXPECT_FALSE(compare(answer(Status::NoName, false), answer(Status::NoData, false)).disputed);
}

TEST(SecondOpinion, FailsWhereOneOfThemDoesNotKnow) {
  for (const auto& known : {secure(), insecure()}) {
    EXPECT_EQ(compare(known, failed()).status, Status::Failed);
    EXPECT_THAT(compare(known, failed()).why, HasSubstr("no second opinion: SERVFAIL"));
    EXPECT_EQ(compare(failed(), known).status, Status::Failed);
    EXPECT_FALSE(compare(failed(), known).disputed);
  }
  EXPECT_EQ(compare(bogus(), failed()).status, Status::Bogus);
  EXPECT_FALSE(compare(bogus(), failed()).disputed);
}

/// Keeps what it is asked, to be answered by the test.
class Kept final : public Source {
 public:
  void ask(std::uint64_t number, std::string, RecordType, Done done) override {
    questions[number] = std::move(done);
  }
  void cancel(std::uint64_t number) override { say(number, failed_answer("cancelled")); }
  void close() override {
    while (!questions.empty()) say(questions.begin()->first, failed_answer("closed"));
  }
  void say(std::uint64_t number, RawAnswer answer) {
    const auto node = questions.extract(number);
    if (!node.empty()) node.mapped()(std::move(answer));
  }
  std::map<std::uint64_t, Done> questions;
};

class BothAsked : public testing::Test {
 protected:
  void ask(std::uint64_t number) {
    both_.ask(number, "mx.example", RecordType::A,
              [this](RawAnswer answer) { answers_.push_back(std::move(answer)); });
  }
  std::vector<RawAnswer> answers_;
  std::shared_ptr<Kept> own_ = std::make_shared<Kept>();
  std::shared_ptr<Kept> theirs_ = std::make_shared<Kept>();
  SecondOpinion both_{own_, theirs_};
};

TEST_F(BothAsked, AnswersWhenBothHaveInWhicheverOrder) {
  ask(1);
  ask(2);
  own_->say(1, secure());
  theirs_->say(2, insecure());
  EXPECT_TRUE(answers_.empty());
  theirs_->say(1, secure());
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_TRUE(answers_[0].secure);
  own_->say(2, secure());
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_THAT(answers_[1].why, HasSubstr("disputed: secure by our own validation, insecure by"));
}

TEST_F(BothAsked, EndsBothWhenCancelledOrClosed) {
  ask(1);
  ask(2);
  own_->say(2, secure());
  both_.cancel(1);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].why, "cancelled");
  both_.close();
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[1].status, Status::Failed);
}

}  // namespace
}  // namespace outrider::dns
