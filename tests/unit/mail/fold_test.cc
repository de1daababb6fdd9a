#include "outrider/mail/fold.h"

#include <gtest/gtest.h>

namespace outrider::mail {
namespace {

TEST(Fold, KeepsAShortFieldOnOneLine) { EXPECT_EQ(folded("A:", "b  c"), "A: b c\r\n"); }

TEST(Fold, BreaksBetweenWords) {
  const std::string word(40, 'x');
  EXPECT_EQ(folded("A:", word + " " + word), "A: " + word + "\r\n " + word + "\r\n");
}

TEST(Fold, BreaksAWordBeforeTheHardLimit) {
  const auto field = folded("A:", std::string(2000, 'x'));
  EXPECT_LE(field.find("\r\n", field.find("x")) - field.find("x"), 998u);
}

TEST(Fold, LetsNoControlByteThrough) { EXPECT_EQ(folded("A:", "b\r\nC: d\x01"), "A: b C: d?\r\n"); }

TEST(Fold, CutsAtTheBoundAndNotWithinACharacter) {
  EXPECT_EQ(folded("A:", "a\xc3\xa9", 2), "A: a\r\n");
}

}  // namespace
}  // namespace outrider::mail
