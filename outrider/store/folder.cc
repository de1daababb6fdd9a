#include "outrider/store/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace outrider::store {
namespace {

std::string file_of_holder(const std::string& path) { return path + "/process-id"; }

}  // namespace

Result<void> prepare_folder(const std::string& path) {
  if (path.empty()) return fail(Blame::Operator, "no folder is named", "a queue needs a folder");
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("cannot make the folder", errno, path);

  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return fail_errno("cannot look at it", errno, path);
  if (!S_ISDIR(facts.st_mode))
    return fail(Blame::Operator, S_ISLNK(facts.st_mode) ? "a symbolic link" : "no folder",
                "the queue's place must be a folder of its own", path);
  if (facts.st_uid != ::geteuid())
    return fail(Blame::Operator, "belongs to user " + std::to_string(facts.st_uid),
                "the queue's folder belongs to the user that runs the server", path);
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(Blame::Operator, "others may write to it",
                "the queue's folder has mode 0700: chmod 0700", path);
  return {};
}

Result<void> leave_process_id(const std::string& path) {
  const std::string name = file_of_holder(path);
  const int file = ::open(name.c_str(),
                          O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (file < 0) return fail_errno("cannot write", errno, name);
  const std::string text = std::to_string(::getpid()) + "\n";
  const ssize_t written = ::write(file, text.data(), text.size());
  const int error = errno;
  ::close(file);
  if (written != static_cast<ssize_t>(text.size()))
    return fail_errno("cannot write", written < 0 ? error : ENOSPC, name);
  return {};
}

long holder_of(const std::string& path) {
  const std::string name = file_of_holder(path);
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return 0;
  std::array<char, 24> text{};
  const ssize_t length = ::read(file, text.data(), text.size());
  ::close(file);
  long id = 0;
  if (length > 0) std::from_chars(text.data(), text.data() + length, id);
  return id > 0 ? id : 0;
}

std::uint64_t free_bytes_at(const std::string& path) {
  struct statvfs facts{};
  if (::statvfs(path.c_str(), &facts) != 0) return 0;
  return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

}  // namespace outrider::store
