#include "outrider/smtp/content_writer.h"

#include <gtest/gtest.h>

#include <optional>

namespace outrider::smtp {
namespace {

std::optional<std::string> wire(std::string_view content, std::size_t cut = 0) {
  ContentWriter writer;
  std::string out;
  if (!writer.data(content.substr(0, cut), out)) return std::nullopt;
  if (!writer.data(content.substr(cut), out)) return std::nullopt;
  if (!writer.end_data(out)) return std::nullopt;
  return out;
}

TEST(ContentWriter, S7_DoublesDotsAtLineStarts) {
  EXPECT_EQ(wire(".x\r\n..y\r\nz.\r\n"), "..x\r\n...y\r\nz.\r\n.\r\n");
  EXPECT_EQ(wire("a\r\n.\r\nb\r\n"), "a\r\n..\r\nb\r\n.\r\n");
}

TEST(ContentWriter, AddsTheLineEndThatIsMissing) {
  EXPECT_EQ(wire("x"), "x\r\n.\r\n");
  EXPECT_EQ(wire("."), "..\r\n.\r\n");
  EXPECT_EQ(wire(""), ".\r\n");
  EXPECT_EQ(wire("\r\n"), "\r\n.\r\n");
}

TEST(ContentWriter, RefusesLoneLineEndsAndNul) {
  for (const std::string_view content : {"a\nb", "a\rb", "a\r\r\nb", "\n", "\r", "a\r\n\nb", "a\r",
                                         "a\n\r\n", "\r.\r\n", "x\r\n.\n"}) {
    for (std::size_t cut = 0; cut <= content.size(); ++cut) {
      EXPECT_EQ(wire(content, cut), std::nullopt) << content << " cut at " << cut;
    }
  }
  EXPECT_EQ(wire(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(ContentWriter, AppendsNothingOfARefusedPiece) {
  ContentWriter writer;
  std::string out = "DATA";
  ASSERT_TRUE(writer.data("x\r", out));
  EXPECT_EQ(out, "DATAx");
  EXPECT_FALSE(writer.data(".\r\n", out));
  EXPECT_EQ(out, "DATAx");
}

TEST(ContentWriter, S7_AnyCutGivesTheSame) {
  const std::string_view content = "A: b\r\n\r\n.\r\n..\r\n.x\r\n\r\n.";
  const auto whole = wire(content);
  ASSERT_TRUE(whole);
  for (std::size_t cut = 0; cut <= content.size(); ++cut) EXPECT_EQ(wire(content, cut), whole);
  ContentWriter writer;
  std::string out;
  for (const char c : content) ASSERT_TRUE(writer.data({&c, 1}, out));
  ASSERT_TRUE(writer.end_data(out));
  EXPECT_EQ(out, whole);
}

TEST(ContentWriter, ChecksChunksByTheSameRule) {
  ContentWriter writer;
  EXPECT_TRUE(writer.check("a\r"));
  EXPECT_FALSE(writer.end_check());
  EXPECT_TRUE(writer.check("\nb"));
  EXPECT_TRUE(writer.end_check());
  EXPECT_FALSE(writer.check("\n"));
}

}  // namespace
}  // namespace outrider::smtp
