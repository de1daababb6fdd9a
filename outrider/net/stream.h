// A connection as the modules above see it: read, write, start TLS, end, each with its limit of
// time. TCP and Unix sockets, plain and TLS, behind one type. It lives and dies on one I/O thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"
#include "outrider/base/tls_facts.h"
#include "outrider/tls/context.h"

namespace outrider::net {

using boost::asio::awaitable;

class IoThread;

/// Both ends of a limit are here: an operation that takes longer than its patience is an Error
/// whose rule is `time limit`, and no caller sets a timer of its own. Limits are kept to a second.
class Stream {
 public:
  /// Takes the socket over (non-blocking is set here). To be called on `thread`.
  Stream(IoThread& thread, int fd);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();  ///< closes

  /// Waits until there is something to read, without holding a buffer for it.
  awaitable<Result<void>> wait_readable(std::chrono::seconds patience);
  /// For connect_tcp: until the kernel has connected, or given up.
  awaitable<Result<void>> wait_connected(std::chrono::seconds patience);
  /// 0: the peer closed. Reads what is there at once where there is something.
  awaitable<Result<std::size_t>> read_some(std::span<char> into, std::chrono::seconds patience);
  /// In clear only: what read_some() would give next, and which it gives still. 0: the peer closed.
  awaitable<Result<std::size_t>> peek(std::span<char> into, std::chrono::seconds patience);
  /// All of it.
  awaitable<Result<void>> write(std::string_view bytes, std::chrono::seconds patience);

  /// `only`: no other version is negotiated.
  awaitable<Result<TlsFacts>> accept_tls(std::shared_ptr<const tls::ServerContext> context,
                                         std::chrono::seconds patience,
                                         std::optional<tls::Version> only = std::nullopt);
  awaitable<Result<TlsFacts>> connect_tls(std::shared_ptr<const tls::ClientContext> context,
                                          std::string host, const trust::Verdict& verdict,
                                          std::chrono::seconds patience);
  /// With a place in a cache of sessions; `only`: no other version is negotiated.
  awaitable<Result<TlsFacts>> connect_tls(std::shared_ptr<const tls::ClientContext> context,
                                          std::string host, const trust::Verdict& verdict,
                                          std::chrono::seconds patience, tls::Resumption resumption,
                                          std::optional<tls::Version> only);
  /// In clear only: tells the peer that no more comes; its own bytes may still be read.
  void end_writing();
  /// Says goodbye in TLS where it is active, without waiting for the peer, and closes.
  awaitable<void> shutdown();
  void close();

  bool is_open() const;
  const TlsFacts* tls() const;           ///< null in clear
  std::optional<Endpoint> peer() const;  ///< nothing for a Unix socket
  std::optional<Endpoint> local() const;
  void set_peer(Endpoint peer);  ///< as the PROXY protocol told
  IoThread& thread() const;

  struct Connection;  ///< of this module's own files

 private:
  std::unique_ptr<Connection> connection_;
};

/// Connects to a TCP endpoint, from `source` where given.
awaitable<Result<Stream>> connect_tcp(IoThread& thread, Endpoint to,
                                      std::optional<IpAddress> source,
                                      std::chrono::seconds patience);
awaitable<Result<Stream>> connect_unix(IoThread& thread, std::string path,
                                       std::chrono::seconds patience);

}  // namespace outrider::net
