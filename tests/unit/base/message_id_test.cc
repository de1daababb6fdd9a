#include "outrider/base/message_id.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(MessageId, ReadsWhatItWrote) {
  for (const std::uint64_t value : {0ull, 1ull, 31ull, 32ull, 0x123456789ABCDEFull, ~0ull}) {
    const MessageId id{value};
    EXPECT_EQ(id.text().size(), 13u);
    EXPECT_EQ(MessageId::parse(id.text()), id);
  }
}

TEST(MessageId, TextKeepsTheOrderOfNumbers) {
  EXPECT_LT(MessageId{999}.text(), MessageId{1000}.text());
  EXPECT_LT(MessageId{1ull << 40}.text(), MessageId{1ull << 41}.text());
}

TEST(MessageId, RefusesWhatIsNone) {
  for (const auto* bad :
       {"", "0", "00000000000000", "000000000000U", "G000000000000", "0000000-00000"}) {
    EXPECT_FALSE(MessageId::parse(bad)) << bad;
  }
  EXPECT_EQ(MessageId::parse("000000000000z"), MessageId{31});
}

}  // namespace
}  // namespace outrider
