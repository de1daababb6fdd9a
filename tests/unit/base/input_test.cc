#include "outrider/base/input.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

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

// AddressSanitizer sees what is wrong: what a thread made first it destroys last.
TEST(Input, MayOutliveTheFreeListOfItsThread) {
  std::thread([] {
    static thread_local std::unique_ptr<Input> outlives;
    outlives = nullptr;  // made now, before the list
    Input other;
    other.append("other");
    outlives = std::make_unique<Input>();
    outlives->append("bytes");
    EXPECT_EQ(outlives->view(), "bytes");
  }).join();
}

}  // namespace
}  // namespace outrider
