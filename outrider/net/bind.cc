#include "outrider/net/bind.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace outrider::net {
namespace {

enum class Share { No, Yes };

Result<Fd> bind_tcp(const Endpoint& endpoint, Share share) {
  const auto address = SocketAddress::of(endpoint);
  auto fd = open_socket(address.family());
  if (!fd) return fd;
  set_option(fd->value(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (share == Share::Yes) set_option(fd->value(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (endpoint.address.v6) set_option(fd->value(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  set_option(fd->value(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
  if (::bind(fd->value(), address.data(), address.length) != 0) {
    return fail_errno("cannot listen", errno, endpoint.text());
  }
  return fd;
}

Result<void> remove_stale(const std::string& path, const SocketAddress& address) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return fail(Blame::Operator, "there is a file that is no socket", "a socket's path", path);
  }
  auto probe = open_socket(AF_UNIX);
  if (!probe) return std::unexpected(probe.error());
  if (::connect(probe->value(), address.data(), address.length) == 0 || errno != ECONNREFUSED) {
    return fail(Blame::Operator, "cannot listen: another process does", "one listener a path",
                path);
  }
  if (::unlink(path.c_str()) != 0) return fail_errno("cannot replace a socket", errno, path);
  return {};
}

}  // namespace

Result<std::vector<Fd>> listen_on_tcp(Endpoint endpoint, std::size_t count,
                                      const ListenOptions& options) {
  // Sockets that share a port would share it with another program's, too: ask for it alone first.
  if (endpoint.port != 0) {
    const auto alone = bind_tcp(endpoint, Share::No);
    if (!alone) return std::unexpected(alone.error());
  }
  std::vector<Fd> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    auto fd = bind_tcp(endpoint, Share::Yes);
    if (!fd) return std::unexpected(fd.error());
    if (::listen(fd->value(), options.backlog) != 0) {
      return fail_errno("cannot listen", errno, endpoint.text());
    }
    if (endpoint.port == 0) endpoint.port = local_endpoint(fd->value())->port;
    sockets.push_back(std::move(*fd));
  }
  return sockets;
}

Result<Fd> listen_on_path(const std::string& path, const ListenOptions& options) {
  const auto address = SocketAddress::of_path(path);
  if (!address) return std::unexpected(address.error());
  if (auto removed = remove_stale(path, *address); !removed) {
    return std::unexpected(removed.error());
  }
  auto fd = open_socket(AF_UNIX);
  if (!fd) return fd;
  // The file is made with the socket's own mode, so that it is never open to more than it should.
  ::fchmod(fd->value(), options.unix_mode);
  if (::bind(fd->value(), address->data(), address->length) != 0 ||
      ::chmod(path.c_str(), options.unix_mode) != 0 ||
      ::listen(fd->value(), options.backlog) != 0) {
    return fail_errno("cannot listen", errno, path);
  }
  return fd;
}

}  // namespace outrider::net
