// One connection to a next hop: moves bytes between the stream and the protocol's client side, and
// remembers what the log wants to know. It lives on one I/O thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/stream.h"
#include "outrider/smtp/client_session.h"
#include "outrider/trust/decide.h"

namespace outrider::deliver {

using boost::asio::awaitable;

class Connection;

/// The open connections of one thread, so that a stop can cut them.
using OpenConnections = std::unordered_set<Connection*>;

/// What a connection was made on: another message may use it where that still stands.
struct Footing {
  std::string host;           ///< empty: a Unix socket
  std::string place, domain;  ///< as the ledger knows them
  std::string demand;         ///< tls::demand_digest() of the verdict
  trust::Wish wish = trust::Wish::Nothing;
  unsigned generation = 0;  ///< of the site's ways
  Steady until{};           ///< then the facts are to be looked at again

  bool is_local() const { return host.empty(); }
};

class Connection {
 public:
  /// `options` and `neighbours` outlive it. `remote`: `mx.example[192.0.2.1]:25`.
  Connection(net::Stream stream, const smtp::ClientOptions& options, bool secure,
             std::string remote, OpenConnections& neighbours);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends what is to be sent and reads until the session has an event that is not NeedInput. A
  /// lost connection and a limit of time are Broken.
  awaitable<smtp::ClientEvent> advance(std::optional<std::chrono::seconds> most = std::nullopt);
  awaitable<Result<void>> flush();
  /// QUIT, without much patience for the answer.
  awaitable<void> quit();
  void cut() { stream_.close(); }

  net::Stream& stream() { return stream_; }
  smtp::ClientSession& session() { return session_; }
  const smtp::ClientSession& session() const { return session_; }
  const std::string& remote() const { return remote_; }

  std::string tls;         ///< TlsFacts::text(); empty in clear
  std::string missed_tls;  ///< why it is in clear, where TLS was wanted
  trust::Level level = trust::Level::None;
  std::string rule;  ///< the deciding reason of the level, for the log
  Footing footing;
  std::size_t messages = 0;  ///< transactions that were begun
  Steady used{};             ///< when the last one ended
  bool broken = false;       ///< not to be used again

 private:
  awaitable<Result<void>> read(std::chrono::seconds patience);
  awaitable<smtp::ClientEvent> last_words(Error error);
  smtp::ClientEvent lost(const Error& error);

  net::Stream stream_;
  smtp::ClientSession session_;
  std::string remote_;
  OpenConnections& neighbours_;
  std::optional<Error> write_failed_;
};

}  // namespace outrider::deliver
