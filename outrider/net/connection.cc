#include "outrider/net/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "outrider/net/socket.h"

namespace outrider::net {

namespace asio = boost::asio;
using std::chrono::seconds;
using tls::Want;

Stream::Connection::Connection(IoThread& on, int fd) : thread(on), socket(on.executor(), fd) {
  int on_ = 1;
  ::ioctl(fd, FIONBIO, &on_);
}

Stream::Connection::Step Stream::Connection::read(std::span<char> into) {
  if (tls) return tls->session.read(into);
  for (;;) {
    const ssize_t count = ::recv(socket.native_handle(), into.data(), into.size(), 0);
    if (count > 0) return {Want::Nothing, static_cast<std::size_t>(count)};
    if (count == 0) return {Want::Closed};
    if (errno == EAGAIN) return {Want::Read};
    if (errno == EINTR) continue;
    system_error = errno;
    return {Want::Failed};
  }
}

Stream::Connection::Step Stream::Connection::write(std::string_view bytes) {
  if (tls) return tls->session.write(bytes);
  for (;;) {
    const ssize_t count = ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {Want::Nothing, static_cast<std::size_t>(count)};
    if (errno == EAGAIN) return {Want::Write};
    if (errno == EINTR) continue;
    system_error = errno;
    return {Want::Failed};
  }
}

std::string Stream::Connection::place() {
  if (!peer && socket.is_open()) peer = peer_endpoint(socket.native_handle());
  return peer ? peer->text() : std::string();
}

Error Stream::Connection::failure(std::string_view what) const {
  const auto where = peer ? peer->text() : std::string();
  if (!tls) return fail_errno(std::string(what), system_error, where).error();
  return {Blame::Peer, std::string(what) + ": " + tls->session.error(), "TLS", where};
}

Error Stream::Connection::closed() const {
  return {Blame::Environment, "the connection is closed", {}, peer ? peer->text() : std::string()};
}

void Patience::expire(void* self) {
  auto& patience = *static_cast<Patience*>(self);
  patience.expired_ = true;
  boost::system::error_code ignored;
  patience.connection_.socket.cancel(ignored);
}

awaitable<void> Patience::wait(Want want) {
  if (!armed_) {
    armed_ = true;
    limit_.set(connection_.thread, steady_now() + patience_, expire, this);
  }
  auto& socket = connection_.socket;
  connection_.burst = 0;
  const auto type = want == Want::Write ? socket.wait_write : socket.wait_read;
  return socket.async_wait(type, asio::redirect_error(asio::use_awaitable, code_));
}

Patience::Outcome Patience::outcome() const {
  if (expired_) return Outcome::Failed;
  if (!code_) return Outcome::Ready;
  const bool cancelled = code_ == asio::error::operation_aborted;
  return cancelled && connection_.socket.is_open() ? Outcome::Again : Outcome::Failed;
}

Error Patience::error() const {
  if (expired_)
    return {Blame::Peer, "nothing moved for " + spoken(patience_), "time limit",
            connection_.place()};
  if (!connection_.socket.is_open()) return connection_.closed();
  return fail_errno("waiting for the peer", code_.value(), connection_.place()).error();
}

awaitable<Result<void>> wait_for(Stream::Connection& connection, Want want, seconds patience) {
  if (!connection.socket.is_open()) co_return std::unexpected(connection.closed());
  const bool reads = want == Want::Read;
  if (reads && connection.tls && connection.tls->session.has_pending()) co_return Result<void>{};
  Patience limit(connection, patience);
  do {
    co_await limit.wait(want);
  } while (limit.outcome() == Patience::Outcome::Again);
  if (limit.outcome() == Patience::Outcome::Failed) co_return std::unexpected(limit.error());
  co_return Result<void>{};
}

awaitable<void> take_turns(Stream::Connection& connection) {
  connection.burst = 0;
  co_await asio::post(connection.thread.executor(), asio::use_awaitable);
}

}  // namespace outrider::net
