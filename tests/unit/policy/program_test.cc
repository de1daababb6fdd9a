#include "outrider/policy/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "unit/deliver/post.h"

namespace outrider::policy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Program, ReadsItsTextAndItsVariables) {
  const deliver::TestFolder folder;
  const auto out = folder / "out";
  const auto ran = run_program({"sh", "-c", "cat > \"$1\"; echo \"$WORD\" >> \"$1\"", "sh", out},
                               "hello\n", {{"WORD", "a b"}}, 10s, {});
  ASSERT_TRUE(ran) << ran.error().text();
  EXPECT_EQ(content_of(out), "hello\na b\n");
}

TEST(Program, IsNotAShell) {
  const deliver::TestFolder folder;
  const auto out = folder / "$(x);y";
  ASSERT_TRUE(run_program({"touch", out}, "", {}, 10s, {}));
  EXPECT_TRUE(std::filesystem::exists(out));
}

TEST(Program, ThatDoesNotReadDoesNotHurt) {
  EXPECT_TRUE(run_program({"true"}, std::string(1 << 20, 'x'), {}, 10s, {}));
}

TEST(Program, ThatFailsOrIsNotThereIsAnError) {
  const auto failed = run_program({"sh", "-c", "exit 3"}, "", {}, 10s, {});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(), HasSubstr("ended with code 3"));
  const auto missing = run_program({"/nowhere/at/all"}, "", {}, 10s, {});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().text(), HasSubstr("/nowhere/at/all"));
}

TEST(Program, IsKilledWithItsChildrenWhenItsTimeIsOver) {
  const auto begin = steady_now();
  const auto ran = run_program({"sh", "-c", "sleep 60; true"}, "", {}, 200ms, {});
  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().text(), HasSubstr("killed after"));
  EXPECT_LT(steady_now() - begin, 10s);
}

TEST(Program, IsKilledWhenWeStop) {
  std::jthread runner([](const std::stop_token& stop) {
    const auto ran = run_program({"sleep", "60"}, "", {}, 60s, stop);
    ASSERT_FALSE(ran);
    EXPECT_THAT(ran.error().text(), HasSubstr("killed: the server stops"));
  });
  std::this_thread::sleep_for(50ms);
  runner.request_stop();
  runner.join();
}

}  // namespace
}  // namespace outrider::policy
