#include "outrider/deliver/line_ends.h"

#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

TEST(CrlfToLf, AnyCutOfTheContentGivesTheSame) {
  const std::string content = "a\r\nb\r\r\n\r\n\rc\n\r\nd\r";
  const std::string expected = "a\nb\r\n\n\rc\n\nd\r";
  for (std::size_t first = 0; first <= content.size(); ++first) {
    for (std::size_t second = first; second <= content.size(); ++second) {
      CrlfToLf lines;
      std::string out;
      lines.convert(std::string_view(content).substr(0, first), out);
      lines.convert(std::string_view(content).substr(first, second - first), out);
      lines.convert(std::string_view(content).substr(second), out);
      lines.end(out);
      EXPECT_EQ(out, expected) << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace outrider::deliver
