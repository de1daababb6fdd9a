// A real pseudo-terminal, and a utmp file that says who sits at it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace outrider::test {

class Pty {
 public:
  Pty() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
    char name[128] = {};
    if (::ptsname_r(master_, name, sizeof name) != 0) return;
    device_ = name;
    slave_ = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios raw{};
    ::tcgetattr(slave_, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave_, TCSANOW, &raw);
    takes_messages(true);
  }
  ~Pty() {
    ::close(slave_);
    ::close(master_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  /// Empty where the machine has no pseudo-terminals.
  const std::string& device() const { return device_; }
  std::string line() const { return device_.substr(std::strlen("/dev/")); }
  /// As mesg(1) does it.
  void takes_messages(bool yes) const { ::fchmod(slave_, yes ? 0620 : 0600); }

  /// What was written, up to `end` or until nothing comes for so long.
  std::string shows(std::string_view end = "EOF\r\n", int milliseconds = 5000) const {
    std::string all;
    pollfd ready{master_, POLLIN, 0};
    while (!all.ends_with(end) && ::poll(&ready, 1, milliseconds) == 1) {
      char bytes[4096];
      const ssize_t n = ::read(master_, bytes, sizeof bytes);
      if (n <= 0) break;
      all.append(bytes, static_cast<std::size_t>(n));
    }
    return all;
  }

 private:
  int master_ = -1, slave_ = -1;
  std::string device_;
};

class UtmpFile {
 public:
  explicit UtmpFile(std::string path) : path_(std::move(path)) {
    std::ofstream(path_, std::ios::trunc);
  }
  ~UtmpFile() { ::unlink(path_.c_str()); }
  UtmpFile(const UtmpFile&) = delete;
  UtmpFile& operator=(const UtmpFile&) = delete;

  const std::string& path() const { return path_; }
  void add(std::string_view user, std::string_view line, short type = USER_PROCESS) const {
    struct utmp entry{};
    entry.ut_type = type;
    std::memcpy(entry.ut_user, user.data(), std::min(user.size(), sizeof entry.ut_user));
    std::memcpy(entry.ut_line, line.data(), std::min(line.size(), sizeof entry.ut_line));
    std::ofstream file(path_, std::ios::binary | std::ios::app);
    file.write(reinterpret_cast<const char*>(&entry), sizeof entry);
  }

 private:
  std::string path_;
};

/// Who runs this test.
inline std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : "";
}

}  // namespace outrider::test
