#include "outrider/smtp/xtext.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

// RFC 3461 §4.
TEST(Xtext, EscapesPlusEqualsAndWhatIsNotPrintable) {
  EXPECT_EQ(to_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  EXPECT_EQ(to_xtext("\xc3\xa9\n"), "+C3+A9+0A");
  EXPECT_EQ(from_xtext("a+2Bb+3Dc+20d"), "a+b=c d");
}

TEST(Xtext, EveryPrintableTextComesBack) {
  std::string text;
  for (char c = ' '; c < 127; ++c) text += c;
  EXPECT_EQ(from_xtext(to_xtext(text)), text);
  EXPECT_EQ(from_xtext(""), "");
}

TEST(Xtext, OnlyUpperCaseHexIsRead) {
  for (const auto* bad : {"+", "+4", "a+4", "+4a", "+GG", "a=b", "a b", "+ 1"}) {
    EXPECT_FALSE(from_xtext(bad)) << bad;
  }
  EXPECT_EQ(from_xtext("+41"), "A");
}

TEST(Xtext, HidesNoControlByte) {
  for (const auto* bad : {"a+0A", "+0D+0A", "+00", "+7F", "+80", "+FF", "\x01", "\x7f", "\xe9"}) {
    EXPECT_FALSE(from_xtext(bad)) << bad;
  }
}

}  // namespace
}  // namespace outrider::smtp
