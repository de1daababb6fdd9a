#include "support/https_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "outrider/base/signals_blocked.h"
#include "outrider/base/text.h"

namespace outrider::test {
namespace {

using namespace std::chrono_literals;

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned offered_length, void* spoken) {
  const auto& name = *static_cast<const std::string*>(spoken);
  for (unsigned at = 0; at < offered_length; at += offered[at] + 1u) {
    const std::string_view here(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (here != name) continue;
    *chosen = offered + at + 1;
    *length = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::size_t body_length(const std::string& header) {
  const std::string lower = to_lower(header);
  const auto at = lower.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::stoul(lower.substr(at + 17));
}

// A client that says nothing must not keep the server from stopping.
void set_patience(int socket) {
  timeval limit{.tv_sec = 0, .tv_usec = 100'000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  timeval send_limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof send_limit);
}

}  // namespace

bool HttpsServer::Talk::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const int written = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool HttpsServer::Talk::pause(std::chrono::milliseconds time) const {
  for (auto left = time; left > 0ms && !*stops_; left -= 10ms) {
    std::this_thread::sleep_for(std::min(left, 10ms));
  }
  return !*stops_;
}

HttpsServer::HttpsServer(const TestCa::Files& certificate, Script script, Options options)
    : options_(std::move(options)),
      context_(SSL_CTX_new(TLS_server_method())),
      script_(std::move(script)) {
  if (SSL_CTX_use_certificate_chain_file(context_, certificate.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_, certificate.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("the certificate of an HTTPS server");
  }
  if (!options_.alpn.empty()) {
    SSL_CTX_set_alpn_select_cb(context_, &choose_protocol, &options_.alpn);
  }
  if (options_.only_tls_1_1) {
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, TLS1_1_VERSION);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(listener_, 1024) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("the socket of an HTTPS server");
  }
  port_ = ntohs(address.sin_port);
  const SignalsBlocked blocked;  // a client that has gone is SIGPIPE
  thread_ = std::thread([this] { run(); });
}

HttpsServer::~HttpsServer() {
  stops_ = true;
  thread_.join();
  for (auto& talk : talks_) talk.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

std::vector<std::string> HttpsServer::requests() const {
  const std::lock_guard held(lock_);
  return requests_;
}

void HttpsServer::set_script(Script script) {
  const std::lock_guard held(lock_);
  script_ = std::move(script);
}

void HttpsServer::run() {
  while (!stops_) {
    pollfd ready{listener_, POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections_;
    talks_.emplace_back([this, socket] { serve(socket); });
  }
}

void HttpsServer::serve(int socket) {
  ++open_;
  set_patience(socket);
  Talk talk;
  talk.ssl_ = SSL_new(context_);
  talk.stops_ = &stops_;
  SSL_set_fd(talk.ssl_, socket);
  SSL_set_accept_state(talk.ssl_);
  if (read_request(talk)) {
    Script script;
    {
      const std::lock_guard held(lock_);
      requests_.push_back(talk.asked_);
      script = script_;
    }
    script(talk);
    if (!talk.breaks_off_) SSL_shutdown(talk.ssl_);
  }
  SSL_free(talk.ssl_);
  ::close(socket);
  --open_;
}

bool HttpsServer::read_request(Talk& talk) {
  while (!stops_) {
    const auto end = talk.asked_.find("\r\n\r\n");
    if (end != std::string::npos &&
        talk.asked_.size() >= end + 4 + body_length(talk.asked_.substr(0, end + 2))) {
      return true;
    }
    char bytes[4096];
    const int count = SSL_read(talk.ssl_, bytes, sizeof bytes);
    if (count > 0) {
      talk.asked_.append(bytes, static_cast<std::size_t>(count));
    } else if (SSL_get_error(talk.ssl_, count) != SSL_ERROR_WANT_READ) {
      return false;
    }
  }
  return false;
}

std::string http_response(std::string_view status, std::string_view type, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
      status, type, body.size(), body);
}

}  // namespace outrider::test
