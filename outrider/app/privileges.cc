#include "outrider/app/privileges.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace outrider::app {

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void renounce_new_privileges() { ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

Result<void> make_folder_of(const std::string& path, const std::optional<Identity>& user) {
  const auto folder = path.substr(0, path.rfind('/'));
  if (folder.empty() || folder == path) return {};
  if (::mkdir(folder.c_str(), 0755) != 0) {
    if (errno == EEXIST) return {};
    return fail_errno("cannot make a folder", errno, folder);
  }
  if (user && ::lchown(folder.c_str(), user->uid, user->gid) != 0) {
    return fail_errno("cannot give a folder to the user " + user->name, errno, folder);
  }
  return {};
}

Result<void> become(const Identity& user) {
  if (::geteuid() == user.uid && ::getegid() == user.gid) return {};
  if (::initgroups(user.name.c_str(), user.gid) != 0 ||
      ::setresgid(user.gid, user.gid, user.gid) != 0 ||
      ::setresuid(user.uid, user.uid, user.uid) != 0) {
    return fail_errno("cannot become the user " + user.name, errno, "service.user");
  }
  // A way back would make all of it worthless.
  if (user.uid != 0 && ::setuid(0) == 0) {
    return fail(Blame::Environment, "the rights of root came back", "service.user");
  }
  return {};
}

}  // namespace outrider::app
