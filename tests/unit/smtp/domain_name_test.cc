#include "outrider/smtp/domain_name.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

TEST(DomainName, IsHeldInLowerCase) {
  EXPECT_EQ(to_a_labels("MX.Example.ORG", false), "mx.example.org");
  EXPECT_EQ(to_a_labels("localhost", false), "localhost");
  EXPECT_EQ(to_a_labels("1.2-3.x", false), "1.2-3.x");
}

TEST(DomainName, HasLabelsOfLettersDigitsAndHyphens) {
  for (const auto* bad :
       {"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.c", "a b", "a\tb", "a.b/", "[1.2.3.4]"}) {
    EXPECT_FALSE(to_a_labels(bad, true)) << bad;
  }
}

// RFC 1035 §2.3.4.
TEST(DomainName, IsLimitedInLength) {
  const std::string label(63, 'a');
  EXPECT_TRUE(to_a_labels(label + ".b", false));
  EXPECT_FALSE(to_a_labels(label + "a.b", false));
  const auto longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(to_a_labels(longest, false));
  EXPECT_FALSE(to_a_labels(longest + "a", false));
}

// RFC 5891; U-labels are compared and looked up as A-labels.
TEST(DomainName, ULabelsBecomeALabelsWhereUtf8IsAllowed) {
  EXPECT_EQ(to_a_labels("b\xc3\xbc"
                        "cher.example",
                        true),
            "xn--bcher-kva.example");
  EXPECT_EQ(to_a_labels("B\xc3\x9c"
                        "CHER.Example",
                        true),
            "xn--bcher-kva.example");
  EXPECT_EQ(to_a_labels("stra\xc3\x9f"
                        "e.example",
                        true),
            "xn--strae-oqa.example");
  EXPECT_FALSE(
      to_a_labels("b\xc3\xbc"
                  "cher.example",
                  false));
  EXPECT_EQ(to_a_labels("xn--bcher-kva.example", false), "xn--bcher-kva.example");
}

TEST(DomainName, NoOtherSignBecomesADotOrVanishes) {
  for (const auto* bad : {"example\xef\xbc\x8e"
                          "com",
                          "example\xe3\x80\x82"
                          "com",
                          "example\xef\xbd\xa1"
                          "com",
                          "exa\xc2\xad"
                          "mple.com",
                          "a\xe2\x80\x8d"
                          "b.example",
                          "a\xe2\x80\x8b"
                          "b.example",
                          "\xff.example", "a\xef\xbf\xbd.example"}) {
    EXPECT_FALSE(to_a_labels(bad, true)) << bad;
  }
}

TEST(SafeText, HasNoControlsAndNothingInvisible) {
  EXPECT_TRUE(is_safe_text(""));
  EXPECT_TRUE(is_safe_text("jos\xc3\xa9 \xe7\x94\xa8 \xf0\x9f\x93\xa7"));
  for (const auto* bad : {"\x01", "\x7f", "\xc2\x80", "\xc2\x9f", "\xc2\xad", "\xe2\x80\x8b",
                          "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6",
                          "\xef\xbb\xbf", "\xef\xb7\x90", "\xef\xbf\xbe", "\xf3\xa0\x81\x81"}) {
    EXPECT_FALSE(is_safe_text("a" + std::string(bad) + "b")) << bad;
  }
}

}  // namespace
}  // namespace outrider::smtp
