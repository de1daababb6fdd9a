#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "outrider/net/connection.h"
#include "outrider/net/socket.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

namespace outrider::net {
namespace {

using std::chrono::seconds;

// A Unix socket whose backlog is full cannot be polled: it is tried again, this often.
constexpr Duration unix_retry{50};

Result<void> bind_source(int fd, const IpAddress& source) {
  // The kernel chooses the port at connect(), so that ports do not run out by source address.
  set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const auto address = SocketAddress::of({source, 0});
  if (::bind(fd, address.data(), address.length) == 0) return {};
  return fail_errno("cannot send from " + source.text(), errno);
}

awaitable<Result<Stream>> finish_connecting(IoThread& thread, Fd fd, seconds patience,
                                            std::string place) {
  const int socket = fd.release();
  Stream stream(thread, socket);
  {
    auto waited = co_await stream.wait_connected(patience);
    if (!waited) {
      waited.error().place = std::move(place);
      co_return std::unexpected(std::move(waited.error()));
    }
  }
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) co_return fail_errno("cannot connect", error, std::move(place));
  co_return std::move(stream);
}

}  // namespace

awaitable<Result<void>> Stream::wait_connected(seconds patience) {
  return wait_for(*connection_, tls::Want::Write, patience);
}

awaitable<Result<Stream>> connect_tcp(IoThread& thread, Endpoint to,
                                      std::optional<IpAddress> source, seconds patience) {
  const auto address = SocketAddress::of(to);
  auto fd = open_socket(address.family());
  if (!fd) co_return std::unexpected(std::move(fd.error()));
  set_option(fd->value(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (source) {
    auto bound = bind_source(fd->value(), *source);
    if (!bound) co_return std::unexpected(std::move(bound.error()));
  }
  if (::connect(fd->value(), address.data(), address.length) != 0 && errno != EINPROGRESS) {
    co_return fail_errno("cannot connect", errno, to.text());
  }
  auto place = to.text();
  auto connected = co_await finish_connecting(thread, std::move(*fd), patience, std::move(place));
  if (connected) connected->set_peer(to);
  co_return std::move(connected);
}

awaitable<Result<Stream>> connect_unix(IoThread& thread, std::string path, seconds patience) {
  const auto address = SocketAddress::of_path(path);
  if (!address) co_return std::unexpected(address.error());
  auto fd = open_socket(AF_UNIX);
  if (!fd) co_return std::unexpected(std::move(fd.error()));
  const auto end = steady_now() + patience;
  while (::connect(fd->value(), address->data(), address->length) != 0) {
    if (errno != EAGAIN) co_return fail_errno("cannot connect", errno, path);
    if (steady_now() >= end) {
      co_return fail(Blame::Peer, "not accepted for " + spoken(patience), "time limit", path);
    }
    co_await thread.sleep(unix_retry);
  }
  co_return Stream(thread, fd->release());
}

}  // namespace outrider::net
