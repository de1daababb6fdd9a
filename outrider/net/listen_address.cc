#include <sys/socket.h>

#include <cerrno>

#include "outrider/net/listener.h"

namespace outrider::net {

std::string ListenAddress::text() const {
  if (const auto* endpoint = std::get_if<Endpoint>(&where)) return endpoint->text();
  return "unix:" + std::get<std::string>(where);
}

std::optional<ListenAddress> ListenAddress::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    if (text.empty()) return std::nullopt;
    return ListenAddress{std::string(text)};
  }
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) return std::nullopt;
  return ListenAddress{*endpoint};
}

Result<PeerCredentials> peer_credentials(int fd) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return fail_errno("no peer credentials", errno);
  }
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

}  // namespace outrider::net
