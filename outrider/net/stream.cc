#include "outrider/net/stream.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "outrider/net/connection.h"
#include "outrider/net/socket.h"

namespace outrider::net {
namespace {

using tls::Want;

// After so many operations that need not wait, the other connections of the thread get a turn.
constexpr unsigned longest_burst = 32;
// What a peer sent behind our last reply is read and dropped up to here: closing a socket with
// unread bytes resets the connection, and the reply could be lost with it.
constexpr std::size_t most_dropped = 256 * 1024;

void drop_input(int fd) {
  char dropped[4096];
  std::size_t total = 0;
  while (total < most_dropped) {
    const ssize_t count = ::recv(fd, dropped, sizeof dropped, MSG_DONTWAIT);
    if (count <= 0) return;
    total += static_cast<std::size_t>(count);
  }
}

Result<void> start_tls(Stream::Connection& connection, Result<tls::Session> session) {
  if (!session) {
    session.error().place = connection.place();
    return std::unexpected(session.error());
  }
  connection.tls.reset(new Stream::Connection::Tls{std::move(*session), {}});
  return {};
}

awaitable<Result<TlsFacts>> shake_hands(Stream::Connection& connection,
                                        std::chrono::seconds patience) {
  connection.place();  // while the peer is still there to be asked
  Patience limit(connection, patience);
  for (;;) {
    const auto step = connection.tls->session.handshake();
    if (step.want == Want::Nothing) break;
    const bool over = step.want == Want::Failed || step.want == Want::Closed;
    if (!over) {
      co_await limit.wait(step.want);
      if (limit.outcome() != Patience::Outcome::Failed) continue;
    }
    Error why = over ? connection.failure("TLS handshake") : limit.error();
    connection.tls.reset();
    co_return std::unexpected(std::move(why));
  }
  connection.tls->facts = connection.tls->session.facts();
  co_return connection.tls->facts;
}

std::unexpected<Error> twice(Stream::Connection& connection) {
  return fail(Blame::Environment, "TLS is already active", {}, connection.place());
}

}  // namespace

Stream::Stream(IoThread& thread, int fd) : connection_(std::make_unique<Connection>(thread, fd)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

awaitable<Result<void>> Stream::wait_readable(std::chrono::seconds patience) {
  return wait_for(*connection_, Want::Read, patience);
}

awaitable<Result<std::size_t>> Stream::read_some(std::span<char> into,
                                                 std::chrono::seconds patience) {
  auto& connection = *connection_;
  if (!connection.socket.is_open()) co_return std::unexpected(connection.closed());
  if (++connection.burst > longest_burst) co_await take_turns(connection);
  Patience limit(connection, patience);
  for (;;) {
    const auto step = connection.read(into);
    if (step.want == Want::Nothing) co_return step.bytes;
    if (step.want == Want::Closed) co_return std::size_t{0};
    if (step.want == Want::Failed) co_return std::unexpected(connection.failure("reading"));
    co_await limit.wait(step.want);
    if (limit.outcome() == Patience::Outcome::Failed) co_return std::unexpected(limit.error());
  }
}

awaitable<Result<std::size_t>> Stream::peek(std::span<char> into, std::chrono::seconds patience) {
  auto& connection = *connection_;
  if (!connection.socket.is_open()) co_return std::unexpected(connection.closed());
  Patience limit(connection, patience);
  for (;;) {
    const ssize_t count =
        ::recv(connection.socket.native_handle(), into.data(), into.size(), MSG_PEEK);
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return fail_errno("reading", errno, connection.place());
    co_await limit.wait(Want::Read);
    if (limit.outcome() == Patience::Outcome::Failed) co_return std::unexpected(limit.error());
  }
}

awaitable<Result<void>> Stream::write(std::string_view bytes, std::chrono::seconds patience) {
  auto& connection = *connection_;
  Patience limit(connection, patience);
  while (!bytes.empty()) {
    if (!connection.socket.is_open()) co_return std::unexpected(connection.closed());
    const auto step = connection.write(bytes);
    if (step.want == Want::Nothing) {
      bytes.remove_prefix(step.bytes);
      if (++connection.burst > longest_burst) co_await take_turns(connection);
      continue;
    }
    if (step.want == Want::Closed) co_return std::unexpected(connection.closed());
    if (step.want == Want::Failed) co_return std::unexpected(connection.failure("writing"));
    co_await limit.wait(step.want);
    if (limit.outcome() == Patience::Outcome::Failed) co_return std::unexpected(limit.error());
  }
  co_return Result<void>{};
}

awaitable<Result<TlsFacts>> Stream::accept_tls(std::shared_ptr<const tls::ServerContext> context,
                                               std::chrono::seconds patience,
                                               std::optional<tls::Version> only) {
  auto& connection = *connection_;
  if (connection.tls) co_return twice(connection);
  if (!connection.socket.is_open()) co_return std::unexpected(connection.closed());
  auto started = start_tls(connection,
                           tls::Session::server(*context, connection.socket.native_handle(), only));
  if (!started) co_return std::unexpected(std::move(started.error()));
  co_return co_await shake_hands(connection, patience);
}

awaitable<Result<TlsFacts>> Stream::connect_tls(std::shared_ptr<const tls::ClientContext> context,
                                                std::string host, const trust::Verdict& verdict,
                                                std::chrono::seconds patience) {
  return connect_tls(std::move(context), std::move(host), verdict, patience, tls::Resumption(),
                     std::nullopt);
}

awaitable<Result<TlsFacts>> Stream::connect_tls(std::shared_ptr<const tls::ClientContext> context,
                                                std::string host, const trust::Verdict& verdict,
                                                std::chrono::seconds patience,
                                                tls::Resumption resumption,
                                                std::optional<tls::Version> only) {
  auto& connection = *connection_;
  if (connection.tls) co_return twice(connection);
  if (!connection.socket.is_open()) co_return std::unexpected(connection.closed());
  auto session = tls::Session::client(*context, connection.socket.native_handle(), host, verdict,
                                      std::move(resumption), only);
  auto started = start_tls(connection, std::move(session));
  if (!started) co_return std::unexpected(std::move(started.error()));
  co_return co_await shake_hands(connection, patience);
}

awaitable<void> Stream::shutdown() {
  if (!is_open()) co_return;
  if (connection_->tls) connection_->tls->session.shutdown();
  const int fd = connection_->socket.native_handle();
  ::shutdown(fd, SHUT_WR);
  drop_input(fd);
  close();
}

void Stream::end_writing() {
  if (is_open()) ::shutdown(connection_->socket.native_handle(), SHUT_WR);
}

void Stream::close() {
  if (!connection_) return;
  boost::system::error_code ignored;
  connection_->socket.close(ignored);
}

bool Stream::is_open() const { return connection_ && connection_->socket.is_open(); }

const TlsFacts* Stream::tls() const {
  return connection_->tls ? &connection_->tls->facts : nullptr;
}

std::optional<Endpoint> Stream::peer() const {
  connection_->place();
  return connection_->peer;
}

std::optional<Endpoint> Stream::local() const {
  return is_open() ? local_endpoint(connection_->socket.native_handle()) : std::nullopt;
}

void Stream::set_peer(Endpoint peer) { connection_->peer = peer; }

IoThread& Stream::thread() const { return connection_->thread; }

}  // namespace outrider::net
