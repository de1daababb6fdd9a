#include "outrider/base/log.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace outrider {
namespace {

class LogFile : public testing::Test {
 protected:
  LogFile() : folder_(testing::TempDir() + "/outrider-log-XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    options_.path = folder_ + "/log";
    options_.timestamps = false;
  }
  ~LogFile() override { std::filesystem::remove_all(folder_); }

  std::string written() const {
    std::ostringstream text;
    text << std::ifstream(options_.path).rdbuf();
    return text.str();
  }

  std::string folder_;
  LogOptions options_;
};

TEST_F(LogFile, QuotesWhatNeedsIt) {
  {
    Log log(options_);
    log.info("delivery").field("to", "<a@example.org>").field("reply", "250 ok").field("n", 3);
    log.info("x").field("empty", "").field("forged", "a status=sent");
  }
  EXPECT_EQ(written(),
            "info delivery to=<a@example.org> reply=\"250 ok\" n=3\n"
            "info x empty=\"\" forged=\"a status=sent\"\n");
}

TEST_F(LogFile, NoValueCanForgeALine) {
  {
    Log log(options_);
    log.info("x").field("helo", "a\nerror forged");
  }
  EXPECT_EQ(written(), "info x helo=\"a\\x0aerror forged\"\n");
}

TEST_F(LogFile, WritesJson) {
  options_.form = LogForm::Json;
  {
    Log log(options_);
    log.warning("x").field("to", "<\"q\"@a>").field("n", -1);
  }
  EXPECT_EQ(written(), R"({"level":"warning","event":"x","to":"<\\x22q\\x22@a>","n":-1})"
                       "\n");
}

TEST_F(LogFile, LeavesOutWhatIsBelowTheLevel) {
  options_.least = LogLevel::Warning;
  {
    Log log(options_);
    log.info("quiet").field("a", 1);
    log.error("loud");
  }
  EXPECT_EQ(written(), "error loud\n");
}

TEST_F(LogFile, OpensTheFileAgainAfterItWasMoved) {
  Log log(options_);
  log.info("one");
  log.flush();
  std::filesystem::rename(options_.path, options_.path + ".1");
  log.reopen();
  for (int i = 0; i < 200 && !std::filesystem::exists(options_.path); ++i) usleep(10'000);
  log.info("two");
  log.flush();
  EXPECT_EQ(written(), "info two\n");
}

TEST_F(LogFile, CountsWhatItHadToDrop) {
  options_.backlog = 100;
  {
    Log log(options_);
    for (int i = 0; i < 20000; ++i) log.info("line").field("i", i);
  }
  EXPECT_NE(written().find("log lines were dropped"), std::string::npos);
}

}  // namespace
}  // namespace outrider
