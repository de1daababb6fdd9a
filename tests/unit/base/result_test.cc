#include "outrider/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace outrider {
namespace {

TEST(Error, NamesPlaceInputAndRule) {
  const Error error{Blame::Operator, "unknown key \"rolle\"", "configuration schema", "a.toml:3:1"};
  EXPECT_EQ(error.text(), "a.toml:3:1: unknown key \"rolle\" (configuration schema)");
  EXPECT_EQ((Error{Blame::Peer, "x", "", ""}.text()), "x");
  EXPECT_EQ((Error{Blame::Peer, "", "rule", ""}.text()), "rule");
}

TEST(FailErrno, SaysWhatTheSystemSaid) {
  const Result<int> result = fail_errno("open", ENOENT, "/no/such");
  EXPECT_EQ(result.error().text(), "/no/such: open: No such file or directory");
  EXPECT_EQ(result.error().blame, Blame::Environment);
}

}  // namespace
}  // namespace outrider
