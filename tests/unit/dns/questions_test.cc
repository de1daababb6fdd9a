#include "outrider/dns/questions.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>

namespace outrider::dns {
namespace {

using testing::Each;
using testing::HasSubstr;

/// A name server that never answers.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }

  Options options(std::chrono::milliseconds timeout) const {
    Options options;
    options.forwarders = {fmt::format("127.0.0.1@{}", port_)};
    options.timeout = timeout;
    return options;
  }

 private:
  int socket_;
  int port_ = 0;
};

/// Answers as they come, from whichever thread.
class Answers {
 public:
  Questions::Done taker() {
    return [this](RawAnswer answer) {
      const std::lock_guard held(lock_);
      whys_.push_back(answer.why);
      came_.notify_all();
    };
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock held(lock_);
    came_.wait_for(held, std::chrono::seconds(10), [&] { return whys_.size() >= count; });
    return whys_;
  }

 private:
  std::mutex lock_;
  std::condition_variable came_;
  std::vector<std::string> whys_;
};

void ask(Questions& questions, std::size_t count, Answers& answers) {
  for (std::size_t i = 0; i < count; ++i) {
    questions.ask(questions.next_number(), fmt::format("q{}.example", i), RecordType::A,
                  answers.taker());
  }
}

TEST(Questions, FailWhenTheirTimeIsOver) {
  const SilentServer server;
  Answers answers;
  const auto questions = Questions::open(server.options(std::chrono::milliseconds(50)));
  ASSERT_TRUE(questions);
  ask(**questions, 3, answers);
  const auto whys = answers.wait_for(3);
  EXPECT_EQ(whys.size(), 3u);
  EXPECT_THAT(whys, Each(HasSubstr("no answer within")));
}

TEST(Questions, BeyondThoseAtTheLibraryWaitAndAreAnsweredToo) {
  const SilentServer server;
  Answers answers;
  const auto questions = Questions::open(server.options(std::chrono::milliseconds(50)));
  ASSERT_TRUE(questions);
  ask(**questions, Questions::most_open + 100, answers);
  EXPECT_EQ(answers.wait_for(Questions::most_open + 100).size(), Questions::most_open + 100);
}

TEST(Questions, AreRefusedWhereTooManyWait) {
  const SilentServer server;
  Answers answers;
  const auto questions = Questions::open(server.options(std::chrono::seconds(20)));
  ASSERT_TRUE(questions);
  ask(**questions, Questions::most_waiting + Questions::most_open + 50, answers);
  EXPECT_GE(answers.wait_for(1).size(), 1u);
  EXPECT_THAT(answers.wait_for(1), Each(HasSubstr("questions")));
}

TEST(Questions, AllFailWhenTheyAreClosed) {
  const SilentServer server;
  Answers answers;
  auto questions = Questions::open(server.options(std::chrono::seconds(20)));
  ASSERT_TRUE(questions);
  ask(**questions, 20, answers);
  (*questions)->close();
  ask(**questions, 1, answers);
  EXPECT_EQ(answers.wait_for(21).size(), 21u);
}

TEST(Questions, EndByCancelAtOnce) {
  const SilentServer server;
  Answers answers;
  const auto questions = Questions::open(server.options(std::chrono::seconds(20)));
  ASSERT_TRUE(questions);
  const auto number = (*questions)->next_number();
  (*questions)->ask(number, "a.example", RecordType::A, answers.taker());
  (*questions)->cancel(number);
  (*questions)->cancel(number);
  EXPECT_THAT(answers.wait_for(1), testing::ElementsAre("cancelled"));
}

}  // namespace
}  // namespace outrider::dns
