#include "outrider/queue/room.h"

#include "fixture.h"

namespace outrider::queue {
namespace {

using testing::HasSubstr;

TEST(Room, ClosesBelowTheLeastAndOpensAboveAndSaysEachOnce) {
  Folder folder;
  LogOptions to;
  to.path = folder / "log";
  Log log(to);
  auto store = std::move(*store::Store::open({.path = folder / "queue"}));
  std::uint64_t free = 100;
  Room room(*store, 100, [&] { return free; }, log);
  room.check();
  EXPECT_TRUE(room.open());
  free = 99;
  for (int at = 0; at < 3; ++at) room.check();
  EXPECT_FALSE(room.open());
  free = 100;
  for (int at = 0; at < 3; ++at) room.check();
  EXPECT_TRUE(room.open());
  EXPECT_TRUE(room.has_space());
  free = 99;
  EXPECT_FALSE(room.has_space());
  EXPECT_FALSE(room.open());
  room.check();
  log.flush();
  std::ifstream in(folder / "log");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_THAT(text, HasSubstr("disk space"));
}

TEST(Room, AsksTheFileSystemWhereNothingElseIsSaid) {
  Folder folder;
  LogOptions quiet;
  quiet.path = "/dev/null";
  Log log(quiet);
  auto store = std::move(*store::Store::open({.path = folder / "queue"}));
  Room ample(*store, 1, {}, log), none(*store, UINT64_MAX, {}, log);
  ample.check();
  none.check();
  EXPECT_TRUE(ample.open());
  EXPECT_FALSE(none.open());
}

}  // namespace
}  // namespace outrider::queue
