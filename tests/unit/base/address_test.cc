#include "outrider/base/address.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(Address, IsWrittenAsTheGrammarWants) {
  EXPECT_EQ((Address{"user", "example.org"}.path()), "<user@example.org>");
  EXPECT_EQ(Address{}.path(), "<>");
  EXPECT_EQ((Address{"Postmaster", ""}.path()), "<Postmaster>");
  EXPECT_EQ((Address{"a b", "example.org"}.text()), "\"a b\"@example.org");
  EXPECT_EQ((Address{"a\"\\", "example.org"}.text()), "\"a\\\"\\\\\"@example.org");
  EXPECT_EQ((Address{"a..b", "example.org"}.text()), "\"a..b\"@example.org");
  EXPECT_EQ((Address{"", "example.org"}.text()), "\"\"@example.org");
  EXPECT_EQ((Address{"grüße", "example.org"}.text()), "grüße@example.org");
}

TEST(Address, KnowsWhenItNeedsSmtputf8) {
  EXPECT_TRUE((Address{"grüße", "example.org"}.needs_smtputf8()));
  EXPECT_FALSE((Address{"gruss", "example.org"}.needs_smtputf8()));
}

}  // namespace
}  // namespace outrider
