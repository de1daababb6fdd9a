#include "outrider/net/socket.h"

#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "outrider/base/text.h"

namespace outrider::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Endpoint endpoint_of(const sockaddr_in& from) {
  Endpoint endpoint;
  std::memcpy(endpoint.address.bytes.data(), &from.sin_addr, 4);
  endpoint.port = ntohs(from.sin_port);
  return endpoint;
}

Endpoint endpoint_of(const sockaddr_in6& from) {
  Endpoint endpoint;
  endpoint.port = ntohs(from.sin6_port);
  const auto* bytes = from.sin6_addr.s6_addr;
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes)) {
    std::copy_n(bytes + 12, 4, endpoint.address.bytes.begin());
  } else {
    std::copy_n(bytes, 16, endpoint.address.bytes.begin());
    endpoint.address.v6 = true;
  }
  return endpoint;
}

}  // namespace

std::optional<Endpoint> SocketAddress::endpoint() const {
  if (family() == AF_INET) return endpoint_of(reinterpret_cast<const sockaddr_in&>(storage));
  if (family() == AF_INET6) return endpoint_of(reinterpret_cast<const sockaddr_in6&>(storage));
  return std::nullopt;
}

SocketAddress SocketAddress::of(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.address.v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.bytes.data(), 16);
    address.length = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address.bytes.data(), 4);
    address.length = sizeof v4;
  }
  return address;
}

Result<SocketAddress> SocketAddress::of_path(const std::string& path) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof local.sun_path || path.find('\0') != path.npos) {
    return fail(Blame::Operator, "socket path of " + std::to_string(path.size()) + " bytes",
                "a Unix socket's path has 1 to 107 bytes, none of them NUL", printable(path));
  }
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::optional<Endpoint> local_endpoint(int fd) {
  SocketAddress address;
  if (::getsockname(fd, address.data(), &address.length) != 0) return std::nullopt;
  return address.endpoint();
}

std::optional<Endpoint> peer_endpoint(int fd) {
  SocketAddress address;
  if (::getpeername(fd, address.data(), &address.length) != 0) return std::nullopt;
  return address.endpoint();
}

Result<Fd> open_socket(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("no socket", errno);
  return fd;
}

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace outrider::net
