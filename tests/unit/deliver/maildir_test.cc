#include "outrider/deliver/maildir.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "unit/deliver/post.h"

namespace outrider::deliver {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string content = "Subject: x\r\n\r\nbody\r\n";

Stored<std::string> store(const std::string& path, const MaildirOptions& options = {},
                          std::string_view text = content) {
  auto file = MaildirFile::create(path, options, "mx.test");
  if (!file) return std::unexpected(file.error());
  if (auto written = file->write(text); !written) return std::unexpected(written.error());
  return file->commit();
}

std::size_t files_in(const std::string& path) {
  std::error_code none;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(path, none), fs::directory_iterator()));
}

struct stat stat_of(const std::string& path) {
  struct stat is{};
  EXPECT_EQ(::lstat(path.c_str(), &is), 0) << path;
  return is;
}

TEST(Maildir, StoresAMessageWithUnixLineEnds) {
  TestFolder folder;
  const auto name = store(folder / "a/b/mail");
  ASSERT_TRUE(name) << name.error().line();
  EXPECT_EQ(text_of(folder / ("a/b/mail/new/" + *name)), "Subject: x\n\nbody\n");
  EXPECT_EQ(files_in(folder / "a/b/mail/tmp"), 0u);
  EXPECT_TRUE(fs::is_directory(folder / "a/b/mail/cur"));
}

TEST(Maildir, StoresByteForByteWhereThatIsWanted) {
  TestFolder folder;
  const auto name = store(folder / "mail", {.line_ends = LineEnds::Crlf});
  ASSERT_TRUE(name);
  EXPECT_EQ(text_of(folder / ("mail/new/" + *name)), content);
}

TEST(Maildir, LeavesNoTraceWithoutCommit) {
  TestFolder folder;
  {
    auto file = MaildirFile::create(folder / "mail", {}, "mx.test");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(content));
    EXPECT_EQ(files_in(folder / "mail/tmp"), 1u);
  }
  EXPECT_EQ(files_in(folder / "mail/tmp"), 0u);
  EXPECT_EQ(files_in(folder / "mail/new"), 0u);
}

// spool.json: maildir-mode.
TEST(Maildir, MakesFilesAndFoldersForTheirOwnerOnly) {
  TestFolder folder;
  const auto before = ::umask(0);
  const auto name = store(folder / "mail");
  ::umask(before);
  ASSERT_TRUE(name);
  EXPECT_EQ(stat_of(folder / "mail").st_mode & 07777, 0700u);
  EXPECT_EQ(stat_of(folder / "mail/new").st_mode & 07777, 0700u);
  EXPECT_EQ(stat_of(folder / ("mail/new/" + *name)).st_mode & 07777, 0600u);
}

TEST(Maildir, RefusesFoldersThatEverybodyMayWrite) {
  for (const auto* open : {"mail", "mail/new", "mail/tmp"}) {
    TestFolder folder;
    ASSERT_TRUE(store(folder / "mail"));
    ::chmod((folder / open).c_str(), 0777);
    const auto stored = store(folder / "mail");
    ASSERT_FALSE(stored) << open;
    EXPECT_EQ(stored.error().code, 451);
    EXPECT_THAT(stored.error().text, HasSubstr("may be written by everybody"));
  }
}

// spool.json: maildir-symlink.
TEST(Maildir, FollowsNoLinkToAFolder) {
  for (const auto* link : {"users", "users/mail", "users/mail/tmp", "users/mail/new"}) {
    TestFolder folder;
    fs::create_directories(folder / "elsewhere");
    fs::create_directories(fs::path(folder / link).parent_path());
    fs::create_directory_symlink(folder / "elsewhere", folder / link);
    const auto stored = store(folder / "users/mail");
    ASSERT_FALSE(stored) << link;
    EXPECT_TRUE(stored.error().transient());
    EXPECT_THAT(stored.error().text, HasSubstr("is a symbolic link"));
    EXPECT_EQ(files_in(folder / "elsewhere"), 0u);
  }
}

// spool.json: maildir-new-symlink. Names in new/ are never opened, and never replaced.
TEST(Maildir, FollowsNoLinkInNew) {
  TestFolder folder;
  ASSERT_TRUE(store(folder / "mail"));
  fs::create_symlink(folder / "target", folder / "mail/new/waiting");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store(folder / "mail"));
  EXPECT_FALSE(fs::exists(folder / "target"));
  EXPECT_EQ(files_in(folder / "mail/new"), 22u);
}

// spool.json: maildir-race.
TEST(Maildir, WritesNothingElsewhereWhileAFolderIsBeingSwapped) {
  TestFolder folder;
  fs::create_directories(folder / "elsewhere/new");
  fs::create_directories(folder / "elsewhere/tmp");
  ASSERT_TRUE(store(folder / "mail"));
  fs::create_directory_symlink(folder / "elsewhere", folder / "link");
  std::atomic<bool> over{false};
  std::thread attacker([&] {
    const std::string mail = folder / "mail", link = folder / "link";
    while (!over) ::renameat2(AT_FDCWD, mail.c_str(), AT_FDCWD, link.c_str(), RENAME_EXCHANGE);
  });
  int stored = 0;
  for (int i = 0; i < 300; ++i) stored += store(folder / "mail").has_value();
  over = true;
  attacker.join();
  EXPECT_EQ(files_in(folder / "elsewhere/new"), 0u) << stored;
  EXPECT_EQ(files_in(folder / "elsewhere/tmp"), 0u) << stored;
}

// spool.json: maildir-hardlink. A second name of the file gives nothing but what its owner has.
TEST(Maildir, AHardLinkToTheFileGivesNoMoreRights) {
  TestFolder folder;
  auto file = MaildirFile::create(folder / "mail", {}, "mx.test");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write(content));
  const auto tmp = fs::directory_iterator(folder / "mail/tmp")->path();
  fs::create_hard_link(tmp, folder / "mail/copy");
  const auto name = file->commit();
  ASSERT_TRUE(name);
  EXPECT_EQ(stat_of(folder / "mail/copy").st_mode & 07777, 0600u);
  EXPECT_EQ(text_of(folder / ("mail/new/" + *name)), "Subject: x\n\nbody\n");
}

// spool.json: maildir-fifo.
TEST(Maildir, DoesNotWaitForAFifoInThePlaceOfAFolder) {
  TestFolder folder;
  ASSERT_EQ(::mkfifo((folder / "mail").c_str(), 0600), 0);
  const auto stored = store(folder / "mail");
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().text, HasSubstr("is not a folder"));
}

// spool.json: maildir-owner.
TEST(Maildir, RefusesAFolderOfAnotherOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives folders away";
  TestFolder folder;
  ASSERT_TRUE(store(folder / "mail"));
  ASSERT_EQ(::chown((folder / "mail").c_str(), 4242, 4242), 0);
  const auto stored = store(folder / "mail");
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, 451);
  EXPECT_THAT(stored.error().text, HasSubstr("belongs to user 4242, not to 0"));
}

TEST(Maildir, GivesFilesAndFoldersToTheOwnerThatIsSet) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  TestFolder folder;
  const auto name = store(folder / "mail", {.uid = 4242, .gid = 4243});
  ASSERT_TRUE(name) << name.error().line();
  for (const auto& path : {std::string("mail"), "mail/new/" + *name}) {
    EXPECT_EQ(stat_of(folder / path).st_uid, 4242u) << path;
    EXPECT_EQ(stat_of(folder / path).st_gid, 4243u) << path;
  }
}

// spool.json: maildir-full.
TEST(Maildir, AFullDiskIsTemporaryAndLeavesNothing) {
  TestFolder folder;
  fs::create_directory(folder / "disk");
  if (::mount("none", (folder / "disk").c_str(), "tmpfs", 0, "size=64k,mode=0700") != 0) {
    GTEST_SKIP() << "only root mounts a small disk";
  }
  const std::string large(1 << 20, 'x');
  const auto stored = store(folder / "disk/mail", {}, large);
  const auto left_new = files_in(folder / "disk/mail/new");
  const auto left_tmp = files_in(folder / "disk/mail/tmp");
  ::umount((folder / "disk").c_str());
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, 452);
  EXPECT_EQ(stored.error().status, "4.2.2");
  EXPECT_EQ(left_new, 0u);
  EXPECT_EQ(left_tmp, 0u);
}

// spool.json: maildir-name-collision.
TEST(Maildir, ManyAtOnceHaveNamesOfTheirOwn) {
  TestFolder folder;
  std::vector<std::thread> writers;
  std::atomic<int> stored{0};
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 25; ++n) stored += store(folder / "mail").has_value();
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(stored, 100);
  EXPECT_EQ(files_in(folder / "mail/new"), 100u);
}

TEST(Maildir, AHostsNameCannotLeaveTheFolder) {
  TestFolder folder;
  auto file = MaildirFile::create(folder / "mail", {}, "../../x:y");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write(content));
  const auto name = file->commit();
  ASSERT_TRUE(name);
  EXPECT_TRUE(name->ends_with("..\\057..\\057x\\072y")) << *name;
}

}  // namespace
}  // namespace outrider::deliver
