#include "outrider/app/privileges.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "folder.h"

namespace outrider::app {
namespace {

// In a process of its own, because what is tested cannot be taken back.
bool in_child(const std::function<bool()>& holds) {
  const auto child = ::fork();
  if (child == 0) ::_exit(holds() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Identity nobody() {
  const auto* entry = ::getpwnam("nobody");
  return {"nobody", entry->pw_uid, entry->pw_gid};
}

TEST(Become, CannotBeTakenBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  EXPECT_TRUE(in_child([] {
    if (!become(nobody())) return false;
    uid_t real, effective, saved;
    ::getresuid(&real, &effective, &saved);
    const auto wanted = nobody().uid;
    return real == wanted && effective == wanted && saved == wanted &&
           ::getegid() == nobody().gid && ::seteuid(0) != 0 && ::setegid(0) != 0 &&
           ::access("/etc/shadow", R_OK) != 0;
  }));
}

TEST(Become, IsNothingForWhomWeAreAlready) {
  const Identity self{"whoever", ::geteuid(), ::getegid()};
  EXPECT_TRUE(become(self));
}

TEST(Become, SaysWhomItCannotBecome) {
  EXPECT_TRUE(in_child([] {
    if (::geteuid() == 0 && !become(nobody())) return false;
    const auto became = become({"somebody", 0, 0});
    return !became && became.error().text().contains("cannot become the user somebody");
  }));
}

TEST(RenounceNewPrivileges, HoldsForTheProcess) {
  EXPECT_TRUE(in_child([] {
    renounce_new_privileges();
    return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  }));
}

TEST(RaiseOpenFiles, GoesToTheHardLimit) {
  EXPECT_TRUE(in_child([] {
    rlimit limit{64, 128};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    raise_open_files();
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur == 128;
  }));
}

TEST(MakeFolderOf, MakesOneLevelForTheUser) {
  const Folder folder;
  const auto socket = folder.file("run/control");
  const bool root = ::geteuid() == 0;
  ASSERT_TRUE(make_folder_of(socket, root ? std::optional(nobody()) : std::nullopt));
  struct stat status;
  ASSERT_EQ(::stat(folder.file("run").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, root ? nobody().uid : ::geteuid());
  EXPECT_TRUE(make_folder_of(socket, std::nullopt)) << "it is there already";
  const auto deep = make_folder_of(folder.file("a/b/control"), std::nullopt);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().place, folder.file("a/b"));
}

}  // namespace
}  // namespace outrider::app
