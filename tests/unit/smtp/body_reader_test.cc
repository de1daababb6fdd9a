#include "outrider/smtp/body_reader.h"

#include <gtest/gtest.h>

#include <random>

namespace outrider::smtp {
namespace {

using Framing = BodyReader::Framing;

struct Read {
  std::string content;
  std::size_t used = 0;
  bool ended = false;
  bool refused = false;
  bool operator==(const Read&) const = default;
};

// The text in two pieces, as two reads bring it.
Read read(std::string_view text, Framing framing, LineEnds line_ends, std::size_t cut) {
  BodyReader reader(framing, line_ends);
  Read out;
  for (auto piece : {text.substr(0, cut), text.substr(cut)}) {
    while (!piece.empty() && !reader.ended()) {
      const auto part = reader.next(piece);
      out.content += part.content;
      out.used += part.used;
      piece.remove_prefix(part.used);
    }
  }
  if (!reader.ended()) out.content += reader.end_of_chunks();
  out.ended = reader.ended();
  out.refused = reader.refused();
  return out;
}

Read data(std::string_view text, LineEnds line_ends = LineEnds::Strict) {
  const auto whole = read(text, Framing::Dots, line_ends, text.size());
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const auto found = read(text, Framing::Dots, line_ends, cut);
    EXPECT_EQ(found.ended, whole.ended) << cut;
    EXPECT_EQ(found.refused, whole.refused) << cut;
    EXPECT_EQ(found.used, whole.used) << cut;
    // What was given before the fault is told depends on the cut; such a message is not kept.
    if (!whole.refused) EXPECT_EQ(found.content, whole.content) << cut;
  }
  return whole;
}

// RFC 5321 §4.5.2.
TEST(BodyReader, S7_UndoesDotStuffing) {
  EXPECT_EQ(data("a\r\n..b\r\n.c\r\n.\r\n").content, "a\r\n.b\r\nc\r\n");
  EXPECT_EQ(data("..\r\n.\r\n").content, ".\r\n");
  EXPECT_EQ(data(".\r\n").content, "");
  EXPECT_TRUE(data(".\r\n").ended);
}

TEST(BodyReader, ReadsNothingBehindTheEnd) {
  const auto found = data("a\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(found.used, 6U);
  EXPECT_EQ(found.content, "a\r\n");
}

TEST(BodyReader, S7_OnlyCrlfDotCrlfEndsIt) {
  for (const std::string_view text :
       {"a\n.\nx", "a\n.\r\nx", "a\r\n.\nx", "a\r.\rx", "a\r\n.\rx", "a\r.\r\nx", "a\r\r\n.\rx"}) {
    const auto found = data(text);
    EXPECT_FALSE(found.ended) << text;
    EXPECT_TRUE(found.refused) << text;
  }
  EXPECT_FALSE(data("a.\r\n . \r\nx").ended);
  EXPECT_FALSE(data("a.\r\n . \r\nx").refused);
}

TEST(BodyReader, NulIsRefusedInBothModes) {
  EXPECT_TRUE(data(std::string_view("a\0b\r\n.\r\n", 8)).refused);
  EXPECT_TRUE(data(std::string_view("a\0b\r\n.\r\n", 8), LineEnds::Repair).refused);
}

TEST(BodyReader, RepairsBareLineEndsWhereItShall) {
  EXPECT_EQ(data("a\nb\rc\r\r\nd\n\ne\r\n.\r\n", LineEnds::Repair).content,
            "a\r\nb\r\nc\r\n\r\nd\r\n\r\ne\r\n");
  EXPECT_EQ(data("a\n.\nb\r\n.\r\n", LineEnds::Repair).content, "a\r\n.\r\nb\r\n");
  EXPECT_FALSE(data("a\n.\n", LineEnds::Repair).ended);
}

// Whatever the bytes: repaired content has no bare CR, LF or NUL, and no cut changes it.
TEST(BodyReader, RepairedContentHasCleanLineEnds) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t i = random() % 30; i > 0; --i) text += "\r\n.ab"[random() % 5];
    const auto found = data(text, LineEnds::Repair);
    EXPECT_FALSE(found.refused);
    for (std::size_t at = 0; at < found.content.size(); ++at) {
      const char c = found.content[at];
      if (c == '\r') EXPECT_EQ(found.content[at + 1], '\n');
      if (c == '\n') EXPECT_EQ(found.content[at - 1], '\r');
    }
  }
}

// RFC 3030 §2.
TEST(BodyReader, DotsInChunksAreText) {
  const auto found = read("a\r\n.\r\n..\r\n", Framing::Chunks, LineEnds::Strict, 3);
  EXPECT_EQ(found.content, "a\r\n.\r\n..\r\n");
  EXPECT_FALSE(found.ended || found.refused);
  EXPECT_TRUE(read("a\nb", Framing::Chunks, LineEnds::Strict, 1).refused);
}

TEST(BodyReader, ACrAtTheEndOfChunksIsABareOne) {
  EXPECT_TRUE(read("a\r", Framing::Chunks, LineEnds::Strict, 2).refused);
  EXPECT_EQ(read("a\r", Framing::Chunks, LineEnds::Repair, 2).content, "a\r\n");
}

TEST(BodyReader, BinaryContentIsEveryByte) {
  const std::string_view bytes("\r\n.\r\n\0\n\r", 8);
  EXPECT_EQ(read(bytes, Framing::Binary, LineEnds::Strict, 3), (Read{std::string(bytes), 8}));
}

}  // namespace
}  // namespace outrider::smtp
