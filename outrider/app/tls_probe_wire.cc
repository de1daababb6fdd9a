#include "outrider/app/tls_probe_wire.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/smtp/reply_parser.h"

namespace outrider::app::probe {
namespace {

constexpr std::size_t longest_line = 300;  // of what is told
constexpr std::size_t most_told = 60;
constexpr Duration farewell{1000};

socklen_t fill(sockaddr_storage& storage, const Endpoint& to) {
  if (to.address.v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(to.port);
    std::memcpy(&v6.sin6_addr, to.address.bytes.data(), 16);
    return sizeof v6;
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(to.port);
  std::memcpy(&v4.sin_addr, to.address.bytes.data(), 4);
  return sizeof v4;
}

}  // namespace

Wire::Wire(int fd, Duration patience) : fd_(fd), patience_(patience) {}

Wire::Wire(Wire&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      patience_(other.patience_),
      session_(std::move(other.session_)),
      input_(std::move(other.input_)),
      why_(std::move(other.why_)),
      closed_(other.closed_),
      told_(std::move(other.told_)) {}

Wire::~Wire() {
  session_.reset();
  if (fd_ >= 0) ::close(fd_);
}

void Wire::tell(char who, std::string_view line) {
  if (told_.size() == most_told) told_.emplace_back("*  and more");
  if (told_.size() > most_told) return;
  told_.push_back(fmt::format("{}: {}", who, printable(line, longest_line)));
}

void Wire::tell_lines(char who, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    auto line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    tell(who, line);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

void Wire::note(std::string_view text) {
  if (told_.size() < most_told) told_.push_back("*  " + std::string(text));
}

bool Wire::wait(short events, Steady until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(until - steady_now()).count();
    pollfd polled{fd_, events, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(std::max<long long>(left, 0)));
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    why_ = ready == 0 ? "nothing came in time" : std::strerror(errno);
    return false;
  }
}

bool Wire::wait_for(tls::Want want, Steady until) {
  if (want == tls::Want::Read) return wait(POLLIN, until);
  if (want == tls::Want::Write) return wait(POLLOUT, until);
  closed_ = want == tls::Want::Closed;
  why_ = closed_ ? "the server closed the connection" : session_->error();
  return false;
}

// Reads what there is into the input, and waits for it where there is nothing.
bool Wire::more(Steady until) {
  char bytes[16384];
  while (!closed_) {
    if (session_) {
      const auto step = session_->read(bytes);
      if (step.want == tls::Want::Nothing) {
        input_.append(bytes, step.bytes);
        return true;
      }
      if (!wait_for(step.want, until)) return false;
      continue;
    }
    const ssize_t count = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
      input_.append(bytes, static_cast<std::size_t>(count));
      return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      if (!wait(POLLIN, until)) return false;
      continue;
    }
    closed_ = true;
    why_ = count == 0 ? "the server closed the connection" : std::strerror(errno);
  }
  return false;
}

smtp::Reply Wire::reply() {
  const auto until = steady_now() + patience_;
  smtp::ReplyParser parser(4096, 65536);
  for (;;) {
    const auto taken = parser.read(input_);
    tell_lines('S', std::string_view(input_).substr(0, taken));
    input_.erase(0, taken);
    if (parser.complete()) return parser.take();
    if (parser.broken()) why_ = parser.why();
    if (parser.broken() || !more(until)) {
      note(why_);
      return {0, "", why_};
    }
  }
}

smtp::Reply Wire::command(std::string_view line) {
  if (!write(std::string(line) + "\r\n")) return {0, "", why_};
  return reply();
}

bool Wire::write(std::string_view bytes) {
  const auto until = steady_now() + patience_;
  if (bytes.front() >= ' ' && bytes.front() <= '~') tell_lines('C', bytes);  // no TLS record
  while (!bytes.empty()) {
    if (session_) {
      const auto step = session_->write(bytes);
      if (step.want == tls::Want::Nothing)
        bytes.remove_prefix(step.bytes);
      else if (!wait_for(step.want, until))
        return false;
      continue;
    }
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      why_ = std::strerror(errno);
      return false;
    } else if (!wait(POLLOUT, until)) {
      return false;
    }
  }
  return true;
}

void Wire::leave() {
  patience_ = std::min(patience_, farewell);
  if (!closed_) command("QUIT");
  if (session_) session_->shutdown();
}

Wire::Unasked Wire::listen(Duration duration) {
  if (input_.empty()) more(steady_now() + duration);
  Unasked unasked{.bytes = std::exchange(input_, {}), .closed = closed_};
  if (!unasked.bytes.empty()) tell_lines('S', unasked.bytes);
  if (unasked.nothing()) note(fmt::format("nothing for {} ms", duration.count()));
  if (unasked.bytes.empty() && unasked.closed) note(why_);
  return unasked;
}

std::string Wire::bytes() {
  if (input_.empty()) more(steady_now() + patience_);
  return std::exchange(input_, {});
}

Result<TlsFacts> Wire::start_tls(const tls::ClientContext& context, std::string_view host,
                                 const trust::Verdict& verdict, tls::Resumption resumption) {
  auto session = tls::Session::client(context, fd_, host, verdict, std::move(resumption));
  if (!session) return std::unexpected(session.error());
  session_.emplace(std::move(*session));
  const auto until = steady_now() + patience_;
  for (;;) {
    const auto step = session_->handshake();
    if (step.want == tls::Want::Nothing) break;
    if (wait_for(step.want, until)) continue;
    note("the handshake failed: " + why_);
    closed_ = true;
    return fail(Blame::Peer, why_, "TLS handshake");
  }
  auto facts = session_->facts();
  note("TLS: " + facts.text());
  return facts;
}

bool Wire::renegotiate() {
  const auto until = steady_now() + patience_;
  for (auto step = session_->renegotiate();; step = session_->handshake()) {
    if (step.want == tls::Want::Nothing) return true;
    if (!wait_for(step.want, until)) return false;
  }
}

Result<Wire> Wire::connect(const Endpoint& to, Duration patience) {
  const int family = to.address.v6 ? AF_INET6 : AF_INET;
  Wire wire(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), patience);
  if (wire.fd_ < 0) return fail_errno("no socket", errno);
  sockaddr_storage storage{};
  const auto length = fill(storage, to);
  if (::connect(wire.fd_, reinterpret_cast<const sockaddr*>(&storage), length) == 0) return wire;
  if (errno != EINPROGRESS) return fail_errno("cannot connect", errno, to.text());
  if (!wire.wait(POLLOUT, steady_now() + patience)) {
    return fail(Blame::Environment, "cannot connect: " + wire.why_, {}, to.text());
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(wire.fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_errno("cannot connect", error, to.text());
  return wire;
}

}  // namespace outrider::app::probe
