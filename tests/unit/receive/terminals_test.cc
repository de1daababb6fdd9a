#include "outrider/receive/terminals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>

#include "support/pty.h"
#include "support/vectors.h"

namespace outrider::receive {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TerminalsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (pty_.device().empty() || me_.empty()) GTEST_SKIP() << "no pseudo-terminals here";
  }
  bool write(const std::string& device, const std::string& text, const std::string& user) {
    boost::asio::io_context loop;
    auto written =
        boost::asio::co_spawn(loop, write_terminal(user, device, text), boost::asio::use_future);
    loop.run();
    return written.get();
  }

  test::Pty pty_;
  test::UtmpFile utmp_{testing::TempDir() + "outrider-utmp-" + std::to_string(::getpid())};
  std::string me_ = test::user_name();
};

TEST_F(TerminalsTest, S2_AreThoseWhereTheUserIsLoggedIn) {
  EXPECT_THAT(terminals_of(me_, utmp_.path()), IsEmpty());
  utmp_.add("somebody-else", pty_.line());
  utmp_.add(me_, pty_.line(), DEAD_PROCESS);
  EXPECT_THAT(terminals_of(me_, utmp_.path()), IsEmpty());
  utmp_.add(me_, pty_.line());
  EXPECT_THAT(terminals_of(me_, utmp_.path()), ElementsAre(pty_.device()));
  EXPECT_THAT(terminals_of("somebody-else", utmp_.path()), IsEmpty()) << "no such user";
  EXPECT_THAT(terminals_of("nobody", utmp_.path()), IsEmpty());
  EXPECT_THAT(terminals_of(me_, "/nonexistent"), IsEmpty());
}

TEST_F(TerminalsTest, S2_TakeMessagesOrNot) {
  utmp_.add(me_, pty_.line());
  pty_.takes_messages(false);
  EXPECT_THAT(terminals_of(me_, utmp_.path()), IsEmpty());
  EXPECT_FALSE(write(pty_.device(), "x", me_)) << "mesg n between RCPT and DATA";
}

// A stale entry may name a terminal that is another's by now.
TEST_F(TerminalsTest, S2_BelongToTheUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a terminal away";
  utmp_.add("daemon", pty_.line());
  EXPECT_THAT(terminals_of("daemon", utmp_.path()), IsEmpty());
  ASSERT_EQ(::chown(pty_.device().c_str(), ::getpwnam("daemon")->pw_uid, 5), 0);
  pty_.takes_messages(true);
  EXPECT_THAT(terminals_of("daemon", utmp_.path()), ElementsAre(pty_.device()));
  EXPECT_THAT(terminals_of(me_, utmp_.path()), IsEmpty());
}

TEST_F(TerminalsTest, S2_AreDevicesAndNothingElse) {
  const std::string file = "/dev/shm/outrider-no-terminal";
  std::ofstream{file};
  std::filesystem::permissions(file, std::filesystem::perms(0666));
  for (const auto* line :
       {"shm/outrider-no-terminal", "../dev/pts/0", "/dev/tty", "null", "", "pts/9\n9"})
    utmp_.add(me_, line);
  const std::string link = "/dev/shm/outrider-link";
  std::filesystem::remove(link);
  std::filesystem::create_symlink(pty_.device(), link);
  utmp_.add(me_, "shm/outrider-link");
  EXPECT_THAT(terminals_of(me_, utmp_.path()), IsEmpty());
  std::filesystem::remove(link);
  std::filesystem::remove(file);
}

TEST_F(TerminalsTest, S2_AreWrittenTo) {
  const auto text = terminal_text({"joe", "a.example"}, "mx.example", Time{},
                                  "Received: x\r\nSubject: tea\r\n time\r\nX-Y: z\r\n\r\nnow\r\n");
  ASSERT_TRUE(text);
  EXPECT_TRUE(write(pty_.device(), *text, me_));
  EXPECT_EQ(pty_.shows(),
            "\r\nMessage from <joe@a.example> by mx.example, Thu, 01 Jan 1970 00:00:00 +0000\r\n"
            "Subject: tea\r\n time\r\n\r\nnow\r\nEOF\r\n");
}

TEST_F(TerminalsTest, S2_ThatStandStillAreGivenUp) {
  const std::string much(1 << 20, 'x');
  const auto begun = steady_now();
  EXPECT_FALSE(write(pty_.device(), much, me_));
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(20));
}

TEST(TerminalText, S2_IsBounded) {
  const auto text = [](const std::string& content) {
    return terminal_text({}, "mx.example", Time{}, content).has_value();
  };
  std::string lines = "\r\n";
  for (int i = 0; i < 198; ++i) lines += "x\r\n";
  EXPECT_TRUE(text(lines + "x\r\n"));
  EXPECT_FALSE(text(lines + "x\r\nx\r\nx\r\n"));
  EXPECT_TRUE(text("\r\n" + std::string(15 * 1024, 'x')));
  EXPECT_FALSE(text("\r\n" + std::string(17 * 1024, 'x')));
  EXPECT_FALSE(text("\r\n" + std::string(5 * 1024, '\xff'))) << "as it is shown";
  EXPECT_FALSE(text("X: " + std::string(longest_terminal_content, 'x')));
}

// Escape sequences, titles, answerbacks, C1 in one byte and in UTF-8, bidirectional marks.
TEST(TerminalText, S2_HoldsTheVectors) {
  std::size_t cases = 0;
  for (const auto& each : test::vector_cases("injection.json")) {
    if (each.at("group") != "terminal") continue;
    SCOPED_TRACE(each.at("id").get<std::string>());
    ++cases;
    std::string sent;
    for (const auto& step : each.at("send")) sent += test::vector_bytes(step);
    sent.resize(sent.rfind("\r\n.\r\n") + 2);
    const auto text = terminal_text({"a\x1b[2J", "b.example"}, "mx.example", Time{}, sent);
    if (!text) continue;  // too long for a terminal
    for (std::size_t at = 0; at < text->size(); ++at) {
      const char c = (*text)[at];
      const bool line_end =
          c == '\r' ? (*text)[at + 1] == '\n' : c == '\n' && (*text)[at - 1] == '\r';
      EXPECT_TRUE((c >= ' ' && c <= '~') || c == '\t' || line_end) << at << ": " << *text;
    }
  }
  EXPECT_EQ(cases, 16u);
}

}  // namespace
}  // namespace outrider::receive
