#include "outrider/base/text.h"

#include <gtest/gtest.h>

#include <string>

namespace outrider {
namespace {

using namespace std::string_literals;

TEST(Printable, EscapesWhatMovesATerminalOrForgesALine) {
  EXPECT_EQ(printable("plain text"), "plain text");
  EXPECT_EQ(printable("a\r\nb"), "a\\x0d\\x0ab");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("say \"x\" \\"), "say \\x22x\\x22 \\x5c");
  EXPECT_EQ(printable("nul\0nul"s), "nul\\x00nul");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // C1 control sequence introducer
}

TEST(Printable, KeepsUtf8AndEscapesWhatIsNone) {
  EXPECT_EQ(printable("Grüße"), "Grüße");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
}

TEST(Printable, CutsAtTheLimitBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 4), "abcd...");
  EXPECT_EQ(printable("aüü", 4), "aü...");
  EXPECT_EQ(printable("ab\x01", 4), "ab...");
}

TEST(ParseNumber, TakesDigitsAlone) {
  EXPECT_EQ(parse_number("0"), 0u);
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615u);
  for (const auto* bad : {"", "-1", "+1", "1 ", " 1", "0x10", "18446744073709551616"}) {
    EXPECT_FALSE(parse_number(bad)) << bad;
  }
}

TEST(Nearest, FindsAKeyTwoEditsAway) {
  constexpr std::string_view keys[] = {"require_tls", "role", "address"};
  EXPECT_EQ(nearest("require-tls", keys, 3), "require_tls");
  EXPECT_EQ(nearest("roll", keys, 3), "role");
  EXPECT_EQ(nearest("certificate", keys, 3), "");
}

TEST(Trim, TakesSpacesAndTabs) {
  EXPECT_EQ(trim(" \t a b\t"), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Utf8, IsWellFormedOrNot) {
  EXPECT_TRUE(is_utf8("aé€😀"));
  EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
  EXPECT_TRUE(is_ascii("abc"));
  EXPECT_FALSE(is_ascii("é"));
}

}  // namespace
}  // namespace outrider
