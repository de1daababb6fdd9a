// The few socket calls that streams and listeners share. Within this module only.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

#include "outrider/base/fd.h"
#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::net {

/// An address as the kernel takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  /// Nothing where it is no IP address.
  std::optional<Endpoint> endpoint() const;
  static SocketAddress of(const Endpoint& endpoint);
  /// A path must be shorter than 108 bytes and without NUL.
  static Result<SocketAddress> of_path(const std::string& path);
};

std::optional<Endpoint> local_endpoint(int fd);
std::optional<Endpoint> peer_endpoint(int fd);

/// A non-blocking, close-on-exec stream socket.
Result<Fd> open_socket(int family);
void set_option(int fd, int level, int option, int value);

}  // namespace outrider::net
