#include <gmock/gmock.h>

#include "outrider/app/send.h"

namespace outrider::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

SendOptions options() {
  SendOptions options;
  options.from = "a@from.example";
  options.to = {"b@to.example"};
  options.helo = "client.example";
  return options;
}

TEST(MakeContent, GivesTextAHeader) {
  const auto content = make_content("hello\nworld", options());
  EXPECT_THAT(content, AllOf(StartsWith("Date: "), HasSubstr("\r\nFrom: a@from.example\r\n"),
                             HasSubstr("\r\nTo: b@to.example\r\n"), HasSubstr("\r\nMessage-ID: <"),
                             EndsWith("\r\n\r\nhello\r\nworld\r\n")));
}

TEST(MakeContent, LeavesAMessageAsItIs) {
  EXPECT_EQ(make_content("Subject: x\n\nbody\n", options()), "Subject: x\r\n\r\nbody\r\n");
  EXPECT_EQ(make_content("Subject: x\r\n\r\nbody\r\n", options()), "Subject: x\r\n\r\nbody\r\n");
}

TEST(MakeContent, AFurtherFieldStandsForOurOwn) {
  auto given = options();
  given.headers = {"Subject: mine", "X-Test: yes"};
  const auto content = make_content("hello\n", given);
  EXPECT_THAT(content, AllOf(StartsWith("Subject: mine\r\nX-Test: yes\r\n"),
                             testing::Not(HasSubstr("Subject: test"))));
}

TEST(MakeContent, ASizeIsExactAndHasNoBareLineEnd) {
  for (std::size_t size = 400; size < 700; ++size) {
    auto given = options();
    given.size_of = size;
    const auto content = make_content("", given);
    ASSERT_EQ(content.size(), size);
    EXPECT_THAT(content, EndsWith("\r\n"));
    for (std::size_t at = 0; at < content.size(); ++at) {
      if (content[at] == '\r') ASSERT_EQ(content[at + 1], '\n') << size;
      if (content[at] == '\n') ASSERT_EQ(content[at - 1], '\r') << size;
    }
  }
}

}  // namespace
}  // namespace outrider::app
