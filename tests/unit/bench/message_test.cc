#include "outrider/bench/message.h"

#include <gtest/gtest.h>

namespace outrider::bench {
namespace {

std::string text_of(const Label& label) {
  std::string text;
  for (auto piece = text_from(label, 0); !piece.empty(); piece = text_from(label, text.size()))
    text += piece;
  return text;
}

std::string message(const Label& label) {
  return make_header(label, "a@one.test", "b@two.test") + text_of(label);
}

Checker::Verdict verdict_on(std::string_view content, std::size_t step) {
  Checker checker;
  for (std::size_t at = 0; at < content.size(); at += step) checker.take(content.substr(at, step));
  return checker.end();
}

TEST(BenchMessage, IsWholeHoweverItIsCut) {
  const Label label{7, 41, 30};
  const std::string content = message(label);
  for (std::size_t step = 1; step < 200; ++step)
    EXPECT_EQ(verdict_on(content, step), Checker::Verdict::Whole) << step;
  Checker checker;
  checker.take(content);
  EXPECT_EQ(checker.label(), label);
  EXPECT_EQ(checker.size(), content.size());
}

TEST(BenchMessage, IsWholeBehindFieldsOfOthers) {
  EXPECT_EQ(verdict_on("Received: from here\r\n" + message({1, 2, 3}), 17),
            Checker::Verdict::Whole);
}

TEST(BenchMessage, EveryChangedByteIsDamage) {
  const std::string content = message({7, 3, 2});
  const auto fields = content.find("From: ");
  for (std::size_t at = 0; at < content.size(); ++at) {
    std::string other = content;
    other[at] = static_cast<char>(other[at] ^ 1);
    // A label that cannot be read is none.
    const auto verdict = verdict_on(other, 64);
    EXPECT_NE(verdict, Checker::Verdict::Whole) << at;
    const auto end = other.find("\r\n\r\n");
    if (at >= fields && end == content.find("\r\n\r\n"))
      EXPECT_EQ(verdict, Checker::Verdict::Damaged) << at;
  }
}

TEST(BenchMessage, FieldsThatAreMissingMovedOrAddedBehindTheLabelAreDamage) {
  const std::string content = message({7, 3, 2});
  const auto subject = content.find("Subject: ");
  const auto length = content.find("\r\n", subject) + 2 - subject;
  std::string missing = content;
  missing.erase(subject, length);
  EXPECT_EQ(verdict_on(missing, 64), Checker::Verdict::Damaged);
  std::string moved = missing;
  moved.insert(moved.find("From: "), content.substr(subject, length));
  EXPECT_EQ(verdict_on(moved, 64), Checker::Verdict::Damaged);
  std::string added = content;
  added.insert(subject, "X-Added: 1\r\n");
  EXPECT_EQ(verdict_on(added, 64), Checker::Verdict::Damaged);
}

TEST(BenchMessage, MissingAndFurtherBytesAreDamage) {
  const std::string content = message({7, 3, 4});
  EXPECT_EQ(verdict_on(content.substr(0, content.size() - 1), 64), Checker::Verdict::Damaged);
  EXPECT_EQ(verdict_on(content + "\r\n", 64), Checker::Verdict::Damaged);
  std::string other_place = content;
  other_place.erase(other_place.find("\r\n\r\n") + 4, line_size);
  EXPECT_EQ(verdict_on(other_place, 64), Checker::Verdict::Damaged);
}

TEST(BenchMessage, WithoutALabelItIsOfNoSource) {
  EXPECT_EQ(verdict_on("Subject: a\r\n\r\ntext\r\n", 64), Checker::Verdict::Unlabelled);
  EXPECT_EQ(verdict_on("X-Outrider-Bench: 1 2 3\r\nA: b\r\n\r\n", 64),
            Checker::Verdict::Unlabelled);
  EXPECT_EQ(verdict_on("A: b\r\nX-Outrider-Bench: 1 2 x 4\r\n\r\n", 64),
            Checker::Verdict::Unlabelled);
  EXPECT_EQ(verdict_on(std::string(100000, 'x'), 64), Checker::Verdict::Unlabelled);
  EXPECT_EQ(verdict_on("", 1), Checker::Verdict::Unlabelled);
}

TEST(BenchMessage, RunsRoundInItsBlock) {
  const Label label{1, 839, 2000};
  const std::string text = text_of(label);
  EXPECT_EQ(text.size(), label.lines * line_size);
  EXPECT_TRUE(text.starts_with("839 "));
  EXPECT_EQ(text.substr(line_size, 4), "000 ");
  EXPECT_EQ(verdict_on(message(label), 1000), Checker::Verdict::Whole);
}

TEST(BenchMessage, HasLinesThatBeginWithDots) {
  const std::string text = text_of({1, 0, 840});
  EXPECT_NE(text.find("\r\n.0"), std::string::npos);
  EXPECT_NE(text.find("\r\n..0"), std::string::npos);
}

TEST(BenchMessage, HasAboutTheSizeThatIsAskedFor) {
  for (const std::size_t size : {1000U, 4096U, 102400U, 5000000U}) {
    const auto made = message({1764000000000, 5, lines_for(size)}).size();
    EXPECT_NEAR(static_cast<double>(made), static_cast<double>(size), 2.0 * line_size) << size;
  }
  EXPECT_EQ(lines_for(0), 1U);
}

}  // namespace
}  // namespace outrider::bench
