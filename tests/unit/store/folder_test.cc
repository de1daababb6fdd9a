#include "outrider/store/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "temporary_folder.h"

namespace outrider::store {
namespace {

using testing::HasSubstr;

unsigned mode_of(const std::string& path) {
  struct stat facts{};
  EXPECT_EQ(stat(path.c_str(), &facts), 0);
  return facts.st_mode & 07777;
}

TEST(Folder, IsMadeForUsAloneWhateverTheMask) {
  TemporaryFolder folder;
  const mode_t mask = umask(022);
  ASSERT_TRUE(prepare_folder(folder / "queue"));
  umask(mask);
  EXPECT_EQ(mode_of(folder / "queue"), 0700u);
  EXPECT_TRUE(prepare_folder(folder / "queue"));
}

TEST(Folder, IsRefusedWhereOthersMayWrite) {
  TemporaryFolder folder;
  for (const mode_t mode : {0720, 0702, 0777}) {
    ASSERT_TRUE(prepare_folder(folder / "queue"));
    ASSERT_EQ(chmod((folder / "queue").c_str(), mode), 0);
    const auto refused = prepare_folder(folder / "queue");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().place, folder / "queue");
    EXPECT_THAT(refused.error().text(), HasSubstr("others may write"));
    ASSERT_EQ(rmdir((folder / "queue").c_str()), 0);
  }
}

TEST(Folder, IsRefusedAsALinkOrAFile) {
  TemporaryFolder folder;
  ASSERT_TRUE(prepare_folder(folder / "real"));
  ASSERT_EQ(symlink((folder / "real").c_str(), (folder / "link").c_str()), 0);
  EXPECT_THAT(prepare_folder(folder / "link").error().text(), HasSubstr("symbolic link"));
  std::ofstream(folder / "file") << "x";
  EXPECT_THAT(prepare_folder(folder / "file").error().text(), HasSubstr("no folder"));
  EXPECT_FALSE(prepare_folder(folder / "absent/deeper"));
  EXPECT_FALSE(prepare_folder(""));
}

TEST(Folder, OfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give a folder away";
  TemporaryFolder folder;
  ASSERT_TRUE(prepare_folder(folder / "queue"));
  ASSERT_EQ(chown((folder / "queue").c_str(), 12345, 12345), 0);
  EXPECT_THAT(prepare_folder(folder / "queue").error().text(), HasSubstr("user 12345"));
}

TEST(Folder, RemembersWhoHoldsIt) {
  TemporaryFolder folder;
  EXPECT_EQ(holder_of(folder / ""), 0);
  ASSERT_TRUE(leave_process_id(folder / ""));
  EXPECT_EQ(holder_of(folder / ""), getpid());
  std::ofstream(folder / "process-id") << "-7 nonsense";
  EXPECT_EQ(holder_of(folder / ""), 0);
}

TEST(Folder, NoLinkOrPipeIsFollowedForTheProcessId) {
  TemporaryFolder folder;
  std::ofstream(folder / "victim") << "1";
  ASSERT_EQ(symlink((folder / "victim").c_str(), (folder / "process-id").c_str()), 0);
  EXPECT_FALSE(leave_process_id(folder / ""));
  EXPECT_EQ(holder_of(folder / ""), 0);
  ASSERT_EQ(unlink((folder / "process-id").c_str()), 0);
  ASSERT_EQ(mkfifo((folder / "process-id").c_str(), 0600), 0);
  EXPECT_FALSE(leave_process_id(folder / ""));  // and does not wait for a reader
  EXPECT_EQ(holder_of(folder / ""), 0);
}

TEST(Folder, KnowsItsFreeSpace) {
  TemporaryFolder folder;
  EXPECT_GT(free_bytes_at(folder / ""), 0u);
  EXPECT_EQ(free_bytes_at(folder / "absent"), 0u);
}

}  // namespace
}  // namespace outrider::store
