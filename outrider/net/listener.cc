#include "outrider/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "outrider/net/bind.h"
#include "outrider/net/io_thread.h"

namespace outrider::net {

namespace asio = boost::asio;

// A listening socket and, while it accepts, its registration on the thread.
struct Listener::Socket {
  explicit Socket(Fd listening) : fd(std::move(listening)) {}

  struct Start {
    std::vector<IoThread*> threads;  ///< the first accepts; several: dealt out in turn
    OnAccept on_accept;
    unsigned round;
  };

  static asio::awaitable<void> accept(std::shared_ptr<Socket> self, Start start);
  bool accept_burst(Start& start);
  void hand_over(Start& start, Accepted accepted);

  const Fd fd;
  std::atomic<unsigned> round = 0;  ///< of start and stop; an accept loop ends with its own
  IoThread* thread = nullptr;
  asio::posix::stream_descriptor* waiting = nullptr;  ///< seen on the thread alone
  std::size_t turn = 0;
};

namespace {

constexpr int most_in_a_row = 64;
constexpr Duration exhausted_pause{250};

// Descriptors or memory ran out: the queue of connections keeps until some are given back.
bool is_exhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

void Listener::Socket::hand_over(Start& start, Accepted accepted) {
  IoThread& target = *start.threads[turn++ % start.threads.size()];
  if (&target == start.threads.front()) {
    start.on_accept(accepted);
    return;
  }
  // Owned until the other thread has taken it: a thread that ends first drops its jobs.
  auto owned = std::make_shared<Fd>(accepted.fd);
  target.post(
      [&target, owned, peer = accepted.peer, local = accepted.local, on_accept = start.on_accept] {
        on_accept(Accepted{target, owned->release(), peer, local});
      });
}

// False: a pause is needed.
bool Listener::Socket::accept_burst(Start& start) {
  for (int i = 0; i < most_in_a_row && round == start.round; ++i) {
    SocketAddress from;
    const int accepted =
        ::accept4(fd.value(), from.data(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
      if (errno == EAGAIN) return true;
      if (is_exhausted(errno)) return false;
      continue;  // that one connection failed: it is gone, others wait
    }
    auto local = from.family() == AF_UNIX ? std::nullopt : local_endpoint(accepted);
    hand_over(start, Accepted{*start.threads.front(), accepted, from.endpoint(), local});
  }
  return true;
}

asio::awaitable<void> Listener::Socket::accept(std::shared_ptr<Socket> self, Start start) {
  // A descriptor of its own, so that ending the loop leaves the listening socket open.
  asio::posix::stream_descriptor descriptor(start.threads.front()->executor());
  boost::system::error_code error;
  descriptor.assign(::fcntl(self->fd.value(), F_DUPFD_CLOEXEC, 3), error);
  if (error) co_return;
  while (self->round == start.round) {
    self->waiting = &descriptor;
    co_await descriptor.async_wait(descriptor.wait_read,
                                   asio::redirect_error(asio::use_awaitable, error));
    if (self->waiting == &descriptor) self->waiting = nullptr;
    if (self->round != start.round) co_return;
    if (!self->accept_burst(start)) co_await start.threads.front()->sleep(exhausted_pause);
  }
}

Listener::Listener(ListenAddress address, std::vector<std::shared_ptr<Socket>> sockets)
    : address_(std::move(address)), sockets_(std::move(sockets)) {}

Listener::~Listener() {
  stop();
  if (!unlink_at_end_.empty()) ::unlink(unlink_at_end_.c_str());
}

const ListenAddress& Listener::address() const { return address_; }

Result<std::unique_ptr<Listener>> Listener::bind(const ListenAddress& address, std::size_t threads,
                                                 const ListenOptions& options) {
  std::vector<std::shared_ptr<Socket>> sockets;
  if (const auto* path = std::get_if<std::string>(&address.where)) {
    auto fd = listen_on_path(*path, options);
    if (!fd) return std::unexpected(fd.error());
    sockets.push_back(std::make_shared<Socket>(std::move(*fd)));
    std::unique_ptr<Listener> listener(new Listener(address, std::move(sockets)));
    listener->unlink_at_end_ = *path;
    return listener;
  }
  auto fds =
      listen_on_tcp(std::get<Endpoint>(address.where), std::max<std::size_t>(threads, 1), options);
  if (!fds) return std::unexpected(fds.error());
  for (auto& fd : *fds) sockets.push_back(std::make_shared<Socket>(std::move(fd)));
  const ListenAddress bound{*local_endpoint(sockets.front()->fd.value())};
  return std::unique_ptr<Listener>(new Listener(bound, std::move(sockets)));
}

Result<std::unique_ptr<Listener>> Listener::adopt(int fd) {
  Fd owned(fd);
  const auto place = "descriptor " + std::to_string(fd);
  int listens = 0;
  socklen_t length = sizeof listens;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0) {
    return fail_errno("no socket was handed over", errno, place);
  }
  if (listens == 0) return fail(Blame::Operator, "does not listen", "a listening socket", place);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ListenAddress address;
  if (const auto endpoint = local_endpoint(fd)) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    address.where = *endpoint;
  } else {
    SocketAddress local;
    ::getsockname(fd, local.data(), &local.length);
    address.where = std::string(reinterpret_cast<const sockaddr_un&>(local.storage).sun_path);
  }
  std::vector<std::shared_ptr<Socket>> sockets{std::make_shared<Socket>(std::move(owned))};
  return std::unique_ptr<Listener>(new Listener(std::move(address), std::move(sockets)));
}

void Listener::start(const std::vector<IoThread*>& threads, OnAccept on_accept) {
  const bool one = sockets_.size() == 1;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    auto& socket = sockets_[i];
    socket->thread = threads[i];
    Socket::Start begin{one ? threads : std::vector{threads[i]}, on_accept, ++socket->round};
    threads[i]->spawn(Socket::accept(socket, std::move(begin)));
  }
}

void Listener::stop() {
  for (auto& socket : sockets_) {
    ++socket->round;
    if (!socket->thread) continue;
    std::exchange(socket->thread, nullptr)->post([socket] {
      boost::system::error_code ignored;
      if (socket->waiting) socket->waiting->cancel(ignored);
    });
  }
}

}  // namespace outrider::net
