#include "outrider/store/synced_mark.h"

#include <sys/stat.h>

#include <fstream>

#include "temporary_folder.h"

namespace outrider::store {
namespace {

TEST(SyncedMark, IsTheLastThatWasSet) {
  TemporaryFolder folder;
  const std::string path = folder / "queue";
  ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
  EXPECT_EQ(SyncedMark::left_in(path), 0u);
  {
    const SyncedMark mark(path);
    EXPECT_EQ(SyncedMark::left_in(path), 0u);
    mark.set(0x1234567890);
    mark.set(7);
  }
  EXPECT_EQ(SyncedMark::left_in(path), 7u);
  const SyncedMark next(path);
  EXPECT_EQ(SyncedMark::left_in(path), 7u) << "a start says nothing new";
  next.set(UINT64_MAX);
  EXPECT_EQ(SyncedMark::left_in(path), UINT64_MAX);
}

TEST(SyncedMark, IsNothingWhereItIsDamaged) {
  TemporaryFolder folder;
  for (const char* text :
       {"", "12", "000000000000000g\n", "0000000000000007 ", "-000000000000007\n"}) {
    std::ofstream(folder / "synced") << text;
    EXPECT_EQ(SyncedMark::left_in(folder / ""), 0u) << text;
  }
}

TEST(SyncedMark, WithoutAFileIsNoError) {
  TemporaryFolder folder;
  const SyncedMark mark(folder / "none");
  mark.set(7);
  EXPECT_EQ(SyncedMark::left_in(folder / "none"), 0u);
}

}  // namespace
}  // namespace outrider::store
