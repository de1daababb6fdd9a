#include "outrider/policy/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

extern char** environ;

namespace outrider::policy {
namespace {

using namespace std::chrono_literals;

std::string reason(int number) { return std::generic_category().message(number); }

std::unexpected<Error> not_run(const std::string& program, std::string why) {
  return fail(Blame::Environment, program, std::move(why));
}

class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  Handle(const Handle&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// A file in memory: a pipe could fill up, and a reader that ends early would be a signal to us.
int file_with(const std::string& text) {
  const int fd = ::memfd_create("input", MFD_CLOEXEC);
  if (fd < 0) return fd;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto put = ::write(fd, text.data() + at, text.size() - at);
    if (put <= 0) break;
    at += static_cast<std::size_t>(put);
  }
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// 0, or why not. Blocked and ignored signals of ours are not passed on.
int spawn(pid_t& child, const std::vector<std::string>& words, int input,
          const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> arguments = words, environment;
  for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
  for (const auto& [key, value] : variables) environment.push_back(key + "=" + value);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  sigset_t none, usual;
  sigemptyset(&none);
  sigfillset(&usual);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int code = ::posix_spawnp(&child, words.front().c_str(), &actions, &attributes,
                                  pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

Result<void> outcome(const std::string& program, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status)) {
    return not_run(program, fmt::format("ended with code {}", WEXITSTATUS(status)));
  }
  return not_run(program, fmt::format("ended by signal {}", WTERMSIG(status)));
}

}  // namespace

Result<void> run_program(const std::vector<std::string>& words, const std::string& input,
                         const std::vector<std::pair<std::string, std::string>>& variables,
                         Duration patience, const std::stop_token& stop) {
  const std::string& program = words.front();
  const Handle text(file_with(input));
  if (text.fd() < 0) return not_run(program, reason(errno));
  pid_t child = 0;
  if (const int code = spawn(child, words, text.fd(), variables); code != 0) {
    return not_run(program, reason(code));
  }
  const Handle ended(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  const Steady end = steady_now() + patience;
  std::string killed;
  int status = 0;
  for (;;) {
    const pid_t waited = ::waitpid(child, &status, WNOHANG);
    if (waited == child) break;
    if (waited < 0 && errno != EINTR) return not_run(program, reason(errno));
    if (killed.empty() && (stop.stop_requested() || steady_now() >= end)) {
      ::kill(-child, SIGKILL);
      killed = stop.stop_requested() ? std::string("killed: the server stops")
                                     : fmt::format("killed after {}", spoken(patience));
    }
    pollfd wait{ended.fd(), POLLIN, 0};
    ::poll(&wait, 1, 100);
  }
  if (!killed.empty()) return not_run(program, std::move(killed));
  return outcome(program, status);
}

}  // namespace outrider::policy
