#include "outrider/net/service.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/net/socket.h"

namespace outrider::net {
namespace {

constexpr int first_inherited = 3;  // SD_LISTEN_FDS_START
constexpr std::uint64_t most_inherited = 1024;

// A leading @ stands for the NUL of an abstract address.
Result<SocketAddress> notify_address(std::string_view path) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  const bool known = path.starts_with('/') || path.starts_with('@');
  if (!known || path.size() < 2 || path.size() >= sizeof local.sun_path) {
    return fail(Blame::Operator, printable(path), "an absolute path or @name", "NOTIFY_SOCKET");
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  if (path.front() == '@') local.sun_path[0] = '\0';
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return address;
}

}  // namespace

Result<void> notify_service(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (!path || !*path) return {};
  const auto address = notify_address(path);
  if (!address) return std::unexpected(address.error());
  const Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("no socket", errno, "NOTIFY_SOCKET");
  const auto sent = ::sendto(fd.value(), state.data(), state.size(), MSG_NOSIGNAL, address->data(),
                             address->length);
  if (sent < 0) return fail_errno("service manager not told", errno, "NOTIFY_SOCKET");
  return {};
}

Result<std::vector<InheritedSocket>> parse_activation(const ActivationEnvironment& environment,
                                                      long self) {
  std::vector<InheritedSocket> sockets;
  if (!environment.pid || !environment.count) return sockets;
  const auto pid = parse_number(environment.pid);
  if (!pid) return fail(Blame::Operator, printable(environment.pid), "a number", "LISTEN_PID");
  if (static_cast<std::uint64_t>(self) != *pid) return sockets;
  const auto count = parse_number(environment.count);
  if (!count || *count > most_inherited) {
    return fail(Blame::Operator, printable(environment.count), "a number up to 1024", "LISTEN_FDS");
  }
  std::string_view names = environment.names ? environment.names : "";
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto colon = std::min(names.find(':'), names.size());
    const auto name = names.substr(0, colon);
    names.remove_prefix(std::min(colon + 1, names.size()));
    sockets.push_back(
        {first_inherited + static_cast<int>(i), name.empty() ? "unknown" : printable(name)});
  }
  return sockets;
}

Result<std::vector<InheritedSocket>> take_inherited_sockets() {
  const ActivationEnvironment environment{std::getenv("LISTEN_PID"), std::getenv("LISTEN_FDS"),
                                          std::getenv("LISTEN_FDNAMES")};
  auto sockets = parse_activation(environment, ::getpid());
  if (sockets) {
    for (const auto& socket : *sockets) ::fcntl(socket.fd, F_SETFD, FD_CLOEXEC);
  }
  for (const auto* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return sockets;
}

}  // namespace outrider::net
