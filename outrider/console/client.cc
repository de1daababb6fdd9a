#include "outrider/console/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace outrider::console {
namespace {

constexpr timeval limit{.tv_sec = 120, .tv_usec = 0};

struct Socket {
  explicit Socket(int fd) : fd(fd) {}
  Socket(const Socket&) = delete;
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

Result<void> send_all(int fd, std::string_view bytes, const std::string& place) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return fail_errno("cannot ask the server", errno, place);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

}  // namespace

Result<std::string> ask(const std::string& socket, std::string_view request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) {
    return fail(Blame::Operator, "path is too long for a socket", "107 bytes", socket);
  }
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const Socket peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(peer.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(peer.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EACCES || errno == EPERM)
      return fail_errno("this user may not talk to the server", errno, socket);
    return fail_errno("no server answers; is it running? start it with `outrider serve`", errno,
                      socket);
  }
  if (auto sent = send_all(peer.fd, std::string(request) + "\n", socket); !sent) {
    return std::unexpected(sent.error());
  }
  std::string answer;
  char buffer[65536];
  while (!answer.ends_with('\n')) {
    const auto got = ::recv(peer.fd, buffer, sizeof buffer, 0);
    if (got < 0) return fail_errno("the server does not answer", errno, socket);
    if (got == 0) return fail(Blame::Environment, "the server ended without an answer", {}, socket);
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  answer.pop_back();
  return answer;
}

}  // namespace outrider::console
