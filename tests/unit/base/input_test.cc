#include "outrider/base/input.h"

#include <gtest/gtest.h>

#include <string>

namespace outrider {
namespace {

TEST(Input, GivesBackWhatItGot) {
  Input input;
  input.append("EHLO one\r\nMAI");
  input.consume(10);
  EXPECT_EQ(input.view(), "MAI");
  input.rest();
  EXPECT_EQ(input.view(), "MAI");
  input.append("L FROM");
  EXPECT_EQ(input.view(), "MAIL FROM");
  input.consume(9);
  EXPECT_TRUE(input.empty());
  input.rest();
  EXPECT_TRUE(input.view().empty());
}

TEST(Input, MakesRoomWhenTheSlabIsNearlyFull) {
  Input input;
  input.append(std::string(Input::slab_size - 10, 'a'));
  EXPECT_EQ(input.prepare().size(), 10u);
  input.consume(Input::slab_size - 20);
  EXPECT_EQ(input.prepare().size(), Input::slab_size - 10);
  EXPECT_EQ(input.view(), std::string(10, 'a'));
}

TEST(Input, HasNoRoomWhenNothingWasConsumed) {
  Input input;
  input.append(std::string(Input::slab_size, 'a'));
  EXPECT_TRUE(input.prepare().empty());
}

TEST(Input, MovesWithItsBytes) {
  Input first;
  first.append("abc");
  Input second = std::move(first);
  EXPECT_EQ(second.view(), "abc");
  first = std::move(second);
  EXPECT_EQ(first.view(), "abc");
}

}  // namespace
}  // namespace outrider
