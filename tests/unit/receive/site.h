// A receiver on loopback with a queue in memory, and a client of plain blocking sockets.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/listener.h"
#include "outrider/receive/receiver.h"
#include "support/memory_queue.h"

namespace outrider::receive {

inline bool comes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

/// A client; each wait is bounded by 10 seconds.
class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Peer() { hang_up(); }
  Peer(const Peer&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// One line without its end; `-` where the server closed.
  std::string line() {
    for (;;) {
      const std::size_t end = input_.find("\r\n");
      if (end != input_.npos) {
        std::string text = input_.substr(0, end);
        input_.erase(0, end + 2);
        return text;
      }
      char bytes[4096];
      const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
      if (n < 0 && errno == EAGAIN) return "nothing within 10 s";
      if (n <= 0) return "-";
      input_.append(bytes, static_cast<std::size_t>(n));
    }
  }
  /// The last line of a reply.
  std::string reply() {
    std::string text = line();
    while (text.size() > 3 && text[3] == '-') text = line();
    return text;
  }
  std::string command(std::string_view text) {
    send(std::string(text) + "\r\n");
    return reply();
  }
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string input_;
};

/// Options of a small MX for example.org with the users anna and bob.
inline Options mx_options() {
  DomainOptions domain;
  domain.name = "example.org";
  domain.users = {"anna", "bob"};
  LocalDomainsOptions domains;
  domains.domains = {domain};
  domains.hostname = "mx.example.org";
  Options options;
  options.domains = *LocalDomains::load(domains);
  ListenerOptions listener;
  listener.name = "smtp";
  listener.smtp.hostname = "mx.example.org";
  options.listeners = {listener};
  options.limits.connections_per_network = 1000;
  return options;
}

class Site {
 public:
  explicit Site(Options options, unsigned threads = 1, dns::Resolver* resolver = nullptr)
      : log_path_(log_file()), log_(log_to()) {
    ::signal(SIGPIPE, SIG_IGN);
    std::vector<net::IoThread*> pointers;
    for (unsigned i = 0; i < threads; ++i) {
      threads_.push_back(std::make_unique<net::IoThread>(i));
      threads_.back()->start();
      pointers.push_back(threads_.back().get());
    }
    const std::string name = options.listeners.front().name;
    receiver_ = std::make_unique<Receiver>(std::move(options), queue, resolver, pointers, log_);
    const Endpoint any{*IpAddress::parse("127.0.0.1"), 0};
    auto listener = net::Listener::bind(net::ListenAddress{any}, threads);
    EXPECT_TRUE(listener) << (listener ? "" : listener.error().text());
    port = std::get<Endpoint>((*listener)->address().where).port;
    EXPECT_TRUE(receiver_->add_listener(name, std::move(*listener)));
    receiver_->start();
  }
  ~Site() {
    receiver_->stop(Duration(0));
    receiver_.reset();
    for (auto& thread : threads_) thread->stop();
    threads_.clear();
    std::filesystem::remove(log_path_);
  }

  Receiver& receiver() { return *receiver_; }
  std::string log() {
    log_.flush();
    std::ifstream file(log_path_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  bool logs(std::string_view text) {
    return comes_true([&] { return log().find(text) != std::string::npos; });
  }
  std::size_t lines(std::string_view text) {
    const std::string all = log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = all.find(text, at)) != all.npos; ++at) ++count;
    return count;
  }

  test::MemoryQueue queue;
  std::uint16_t port = 0;

 private:
  static std::string log_file() {
    static int number = 0;
    return std::filesystem::temp_directory_path() /
           ("outrider-receive-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
  }
  LogOptions log_to() const {
    LogOptions options;
    options.path = log_path_;
    return options;
  }

  std::string log_path_;
  Log log_;
  std::vector<std::unique_ptr<net::IoThread>> threads_;
  std::unique_ptr<Receiver> receiver_;
};

inline const std::string small_message = "Subject: hello\r\n\r\nbody\r\n";

/// A message's commands up to the answer to the last of them.
inline std::string send_message(Peer& peer, std::string_view recipient = "anna@example.org",
                                std::string_view content = small_message) {
  std::string answer = peer.command("MAIL FROM:<s@example.net>");
  if (!answer.starts_with("250")) return answer;
  answer = peer.command("RCPT TO:<" + std::string(recipient) + ">");
  if (!answer.starts_with("250")) return answer;
  answer = peer.command("DATA");
  if (!answer.starts_with("354")) return answer;
  peer.send(content);
  return peer.command(".");
}

}  // namespace outrider::receive
