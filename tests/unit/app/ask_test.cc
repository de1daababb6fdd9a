#include "outrider/app/ask.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace outrider::app {
namespace {

std::int64_t number_in(const char* text) {
  return number(boost::json::parse(std::string(R"({"n":)") + text + "}").as_object(), "n");
}

TEST(AnswerParts, ANumberThatIsNoWholeOneIsNone) {
  for (const auto* text : {"0.5", "1e30", "-1e30", "18446744073709551615", "\"5\"", "null", "[]"}) {
    EXPECT_EQ(number_in(text), 0) << text;
  }
  EXPECT_EQ(number_in("14"), 14);
  EXPECT_EQ(number_in("14.0"), 14);
  EXPECT_EQ(number_in("-3"), -3);
}

}  // namespace
}  // namespace outrider::app
