// An HTTPS server on loopback that says what a test tells it to, byte by byte.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/test_ca.h"

struct ssl_ctx_st;
struct ssl_st;

namespace outrider::test {

class HttpsServer {
 public:
  /// One connection, after its request was read.
  class Talk {
   public:
    const std::string& asked() const { return asked_; }  ///< header and body
    bool send(std::string_view bytes);                   ///< false: the client has gone
    bool pause(std::chrono::milliseconds time) const;    ///< false: the server stops
    void break_off() { breaks_off_ = true; }             ///< ends without TLS's close_notify

   private:
    friend class HttpsServer;
    ssl_st* ssl_ = nullptr;
    const std::atomic<bool>* stops_ = nullptr;
    std::string asked_;
    bool breaks_off_ = false;
  };
  /// Called on a thread of the connection.
  using Script = std::function<void(Talk&)>;

  struct Options {
    std::string alpn;           ///< the only protocol it speaks; empty: it does not choose
    bool only_tls_1_1 = false;  ///< at most
  };

  HttpsServer(const TestCa::Files& certificate, Script script)
      : HttpsServer(certificate, std::move(script), Options()) {}
  HttpsServer(const TestCa::Files& certificate, Script script, Options options);
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }  ///< accepted, before any handshake
  int open() const { return open_; }
  std::vector<std::string> requests() const;
  void set_script(Script script);  ///< for connections to come

 private:
  void run();
  void serve(int socket);
  bool read_request(Talk& talk);

  Options options_;
  ssl_ctx_st* context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stops_ = false;
  std::atomic<int> connections_ = 0, open_ = 0;
  mutable std::mutex lock_;  // of the two below
  Script script_;
  std::vector<std::string> requests_;
  std::vector<std::thread> talks_;
  std::thread thread_;
};

/// A response with a length and the connection's end announced.
std::string http_response(std::string_view status, std::string_view type, std::string_view body);

}  // namespace outrider::test
