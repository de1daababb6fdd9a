#include "outrider/smtp/line_scan.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace outrider::smtp {
namespace {

// The rule of the header, one byte at a time.
std::size_t naive(std::string_view text, LineState& state, Dots dots) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (state.after_cr != (c == '\n') || c == '\0') return at;
    if (dots == Dots::Matter && c == '.' && state.at_line_start) return at;
    state = {.after_cr = c == '\r', .at_line_start = c == '\n'};
  }
  return text.size();
}

std::string text_of(std::mt19937& random, std::size_t size, unsigned rarity) {
  static constexpr std::string_view special("\r\n\r\n.\0", 6);
  std::string text(size, 'x');
  for (std::size_t at = 0; at < size; ++at) {
    if (random() % rarity != 0) continue;
    if (random() % 4 != 0 && at + 1 < size) {  // mostly good line ends
      text[at] = '\r';
      text[++at] = '\n';
    } else {
      text[at] = special[random() % special.size()];
    }
  }
  return text;
}

constexpr LineState states[] = {{false, false}, {true, false}, {false, true}};

void expect_same(std::string_view text, LineState before, Dots dots) {
  auto expected_state = before, state = before;
  const auto expected = naive(text, expected_state, dots);
  EXPECT_EQ(plain_length(text, state, dots), expected);
  EXPECT_EQ(state, expected_state);
}

TEST(LineScan, AgreesWithTheNaiveRuleAtEveryAlignment) {
  std::mt19937 random(4711);
  for (const unsigned rarity : {2U, 10U, 100U, 1000U}) {
    for (int round = 0; round < 20; ++round) {
      const auto text = text_of(random, 300, rarity);
      for (std::size_t start = 0; start < 66; ++start) {
        const auto part = std::string_view(text).substr(start, text.size() - start - round);
        for (const auto state : states) {
          expect_same(part, state, Dots::Matter);
          expect_same(part, state, Dots::AreText);
        }
      }
    }
  }
}

TEST(LineScan, SeesOneSpecialByteAnywhere) {
  for (const char special : {'\r', '\n', '\0', '.'}) {
    for (std::size_t at = 0; at < 200; ++at) {
      std::string text(200, 'x');
      text[at] = special;
      for (const auto state : states) expect_same(text, state, Dots::Matter);
    }
  }
}

TEST(LineScan, SeesALineThatBeginsWithADotAnywhere) {
  for (std::size_t at = 0; at < 200; ++at) {
    auto text = std::string(at, 'x') + "\r\n.x" + std::string(100, 'x');
    LineState state;
    EXPECT_EQ(plain_length(text, state, Dots::Matter), at + 2);
    EXPECT_TRUE(state.at_line_start);
    state = {};
    EXPECT_EQ(plain_length(text, state, Dots::AreText), text.size());
  }
}

TEST(LineScan, AnEmptyTextChangesNothing) {
  for (const auto before : states) {
    auto state = before;
    EXPECT_EQ(plain_length("", state, Dots::Matter), 0U);
    EXPECT_EQ(state, before);
  }
}

TEST(LineScan, ACutTextLeavesTheSameState) {
  std::mt19937 random(42);
  std::string text;
  for (int line = 0; line < 30; ++line) text += std::string(random() % 90, 'x') + "\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LineState state{.at_line_start = true};
    EXPECT_EQ(plain_length(text.substr(0, cut), state, Dots::Matter), cut);
    EXPECT_EQ(plain_length(text.substr(cut), state, Dots::Matter), text.size() - cut);
    EXPECT_TRUE(state.at_line_start);
  }
}

}  // namespace
}  // namespace outrider::smtp
