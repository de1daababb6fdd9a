#include "support/dns_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

namespace outrider::test {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error("DNS of the tests: " + what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool binds(int kind, std::uint16_t port, std::uint16_t& given) {
  const int socket = ::socket(AF_INET, kind | SOCK_CLOEXEC, 0);
  auto address = loopback(port);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  given = ntohs(address.sin_port);
  return bound;
}

std::uint16_t free_port() {
  for (int attempt = 0; attempt < 50; ++attempt) {
    std::uint16_t udp = 0;
    std::uint16_t tcp = 0;
    if (binds(SOCK_DGRAM, 0, udp) && binds(SOCK_STREAM, udp, tcp)) return udp;
  }
  give_up("no free port");
}

// One question for the SOA of `name`, RFC 1035 §4.1; the answer's code, or -1 for silence.
int ask_soa(std::uint16_t port, const std::string& name) {
  std::string query("\x13\x37\1\0\0\1\0\0\0\0\0\0", 12);
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    query += static_cast<char>(label.size());
    query += label;
  }
  query.append("\0\0\6\0\1", 5);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  char answer[512];
  int code = -1;
  pollfd ready{socket, POLLIN, 0};
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(socket, query.data(), query.size(), 0) > 0 && ::poll(&ready, 1, 100) == 1 &&
      ::recv(socket, answer, sizeof answer, 0) >= 12) {
    code = answer[3] & 15;
  }
  ::close(socket);
  return code;
}

}  // namespace

DnsServer::DnsServer(const std::string& name,
                     const std::function<std::vector<std::string>(std::uint16_t)>& configure) {
  std::string program;
  for (int attempt = 0; attempt < 3 && server_ < 0; ++attempt) {
    port_ = free_port();
    const auto arguments = configure(port_);
    program = arguments.front();
    start(arguments);
    if (!wait_until_ready(name)) stop();
  }
  if (server_ < 0) give_up(program + " does not start");
}

DnsServer::~DnsServer() { stop(); }

std::string DnsServer::address() const { return fmt::format("127.0.0.1@{}", port_); }

void DnsServer::start(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) give_up("cannot fork");
  if (child > 0) {
    server_ = child;
    ::setpgid(child, child);
    return;
  }
  ::setpgid(0, 0);
  // With the tests the servers go, however the tests end.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::execv(pointers.front(), pointers.data());
  ::_exit(127);
}

void DnsServer::stop() {
  if (server_ < 0) return;
  // Asked kindly, it ends its own children first.
  ::kill(server_, SIGTERM);
  bool ended = false;
  for (int wait = 0; wait < 200 && !ended; ++wait) {
    ended = ::waitpid(server_, nullptr, WNOHANG) == server_;
    if (!ended) ::usleep(5'000);
  }
  ::kill(-server_, SIGKILL);
  if (!ended) ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

bool DnsServer::wait_until_ready(const std::string& name) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = -1;
      return false;
    }
    if (ask_soa(port_, name) == 0) return true;
    ::usleep(20'000);
  }
  return false;
}

}  // namespace outrider::test
