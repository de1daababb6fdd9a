#include "outrider/dns/forwarder_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>

#include "support/scripted_dns.h"

namespace outrider::dns {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using test::DnsReply;
using test::ScriptedDns;
using testing::Each;
using testing::HasSubstr;

std::optional<std::string> silence(const ScriptedDns::Asked&) { return std::nullopt; }
std::optional<std::string> finds(const ScriptedDns::Asked& asked) {
  return DnsReply(asked.bytes, DnsReply::authentic)
      .answer("\xC0\x0C"sv, 1, "\xC0\0\2\1"sv)
      .opt()
      .bytes();
}

Options options(const ScriptedDns& server, std::chrono::milliseconds timeout) {
  Options options;
  options.validation = Validation::Resolver;
  options.forwarders = {server.address()};
  options.timeout = timeout;
  return options;
}

/// Answers as they come, from whichever thread.
class Answers {
 public:
  Source::Done taker() {
    return [this](RawAnswer answer) {
      const std::lock_guard held(lock_);
      answers_.push_back(std::move(answer));
      came_.notify_all();
    };
  }
  std::vector<RawAnswer> wait_for(std::size_t count) {
    std::unique_lock held(lock_);
    came_.wait_for(held, 20s, [&] { return answers_.size() >= count; });
    return answers_;
  }

 private:
  std::mutex lock_;
  std::condition_variable came_;
  std::vector<RawAnswer> answers_;
};

void ask(Source& source, std::size_t count, Answers& answers) {
  for (std::size_t i = 0; i < count; ++i) {
    source.ask(source.next_number(), fmt::format("q{}.example", i), RecordType::A, answers.taker());
  }
}

TEST(ForwarderSource, AnswersManyQuestionsAtOnce) {
  const ScriptedDns server(&finds);
  Answers answers;
  const auto source = ForwarderSource::open(options(server, 20s));
  ASSERT_TRUE(source);
  ask(**source, 200, answers);
  const auto all = answers.wait_for(200);
  EXPECT_EQ(all.size(), 200U);
  EXPECT_THAT(all, Each(testing::Field(&RawAnswer::secure, true)));
}

TEST(ForwarderSource, AnswersThoseThatWaitedForAPlace) {
  const ScriptedDns server(&silence);
  Answers answers;
  const auto source = ForwarderSource::open(options(server, 100ms));
  ASSERT_TRUE(source);
  ask(**source, Source::most_open + 50, answers);
  const auto all = answers.wait_for(Source::most_open + 50);
  EXPECT_EQ(all.size(), Source::most_open + 50);
  EXPECT_THAT(all, Each(testing::Field(&RawAnswer::status, Status::Failed)));
}

TEST(ForwarderSource, RefusesWhereTooManyWait) {
  const ScriptedDns server(&silence);
  Answers answers;
  const auto source = ForwarderSource::open(options(server, 60s));
  ASSERT_TRUE(source);
  ask(**source, Source::most_open + Source::most_waiting + 1, answers);
  const auto refused = answers.wait_for(1);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_THAT(refused[0].why, HasSubstr("no more questions"));
}

TEST(ForwarderSource, FailsWhatIsOpenAndWhatComesLaterWhenItIsClosed) {
  const ScriptedDns server(&silence);
  Answers answers;
  const auto source = ForwarderSource::open(options(server, 60s));
  ASSERT_TRUE(source);
  ask(**source, 20, answers);
  (*source)->close();
  EXPECT_EQ(answers.wait_for(20).size(), 20U);
  ask(**source, 1, answers);
  EXPECT_EQ(answers.wait_for(21).size(), 21U);
  (*source)->close();
}

TEST(ForwarderSource, EndsAQuestionByCancelAtOnce) {
  const ScriptedDns server(&silence);
  Answers answers;
  const auto source = ForwarderSource::open(options(server, 60s));
  ASSERT_TRUE(source);
  const auto number = (*source)->next_number();
  (*source)->ask(number, "a.example", RecordType::A, answers.taker());
  (*source)->cancel(number);
  (*source)->cancel(number);
  const auto ended = answers.wait_for(1);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, "cancelled");
  EXPECT_EQ(ended[0].canonical, "a.example");
}

TEST(ForwarderSource, NeedsForwardersOfTheirForm) {
  EXPECT_FALSE(ForwarderSource::open(Options{}));
  Options named;
  named.forwarders = {"127.0.0.1", "resolver.example"};
  const auto source = ForwarderSource::open(named);
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().text(), HasSubstr("resolver.example"));
}

}  // namespace
}  // namespace outrider::dns
