#include "outrider/console/client.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

namespace outrider::console {
namespace {

using testing::HasSubstr;

// Answers one request with these bytes and closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : path(std::filesystem::temp_directory_path() /
             ("outrider-client-" + std::to_string(::getpid()))),
        fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    ::unlink(path.c_str());
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(fd_, 1);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int peer = ::accept(fd_, nullptr, nullptr);
      char c = 0;
      while (c != '\n' && ::read(peer, &c, 1) == 1) asked += c;
      for (const char each : answer) ::send(peer, &each, 1, MSG_NOSIGNAL);
      ::close(peer);
    });
  }
  ~OneAnswer() {
    finish();
    ::close(fd_);
    ::unlink(path.c_str());
  }
  void finish() {
    if (thread_.joinable()) thread_.join();
  }

  const std::string path;
  std::string asked;

 private:
  int fd_;
  std::thread thread_;
};

TEST(Ask, GivesTheLineThatWasAnswered) {
  OneAnswer server("{\"ok\":true}\n");
  EXPECT_EQ(ask(server.path, "{}"), "{\"ok\":true}");
  server.finish();
  EXPECT_EQ(server.asked, "{}\n");
}

TEST(Ask, HalfAnAnswerIsNone) {
  OneAnswer server("{\"ok\":tr");
  const auto answer = ask(server.path, "{}");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().text(), HasSubstr("ended without an answer"));
}

TEST(Ask, SaysHowToStartAServerThatIsNotThere) {
  const auto answer = ask("/nowhere/control", "{}");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().text(), testing::AllOf(HasSubstr("/nowhere/control"),
                                                    HasSubstr("start it with `outrider serve`")));
}

TEST(Ask, KnowsHowLongThePathOfASocketMayBe) {
  const auto answer = ask("/" + std::string(200, 'x'), "{}");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().text(), HasSubstr("too long for a socket"));
}

}  // namespace
}  // namespace outrider::console
