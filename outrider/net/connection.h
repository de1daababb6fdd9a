// What is behind a Stream: the socket, the loop's registration of it, and TLS where it is active.
// Within this module only.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "outrider/net/io_thread.h"
#include "outrider/net/stream.h"

namespace outrider::net {

struct Stream::Connection {
  using Step = tls::Session::Step;

  struct Tls {
    tls::Session session;
    TlsFacts facts;
  };

  Connection(IoThread& on, int fd);

  /// One try, in clear or TLS.
  Step read(std::span<char> into);
  Step write(std::string_view bytes);
  /// The error that the last failed step left.
  Error failure(std::string_view what) const;
  Error closed() const;
  std::string place();

  IoThread& thread;
  boost::asio::posix::stream_descriptor socket;
  std::unique_ptr<Tls> tls;  ///< only where TLS is active: it is larger than all the rest
  int system_error = 0;
  unsigned burst = 0;  ///< operations since the loop was last given a turn
  std::optional<Endpoint> peer;
};

/// The limit of one operation. It is armed at the first wait: what succeeds at once never looks
/// at the clock. When it expires, the waits of the socket are cancelled; one of the other
/// direction finds that it was not meant, and waits again.
class Patience {
 public:
  Patience(Stream::Connection& connection, std::chrono::seconds patience)
      : connection_(connection), patience_(patience) {}

  /// Waits for what the step wants, Read or Write; then outcome() tells. It is no coroutine, and an
  /// Error is made where one is needed: an idle connection keeps the frames of those it waits in.
  awaitable<void> wait(tls::Want want);

  enum class Outcome {
    Ready,
    Again,  ///< the wait was cancelled, and not for us
    Failed  ///< see error()
  };
  Outcome outcome() const;
  Error error() const;

 private:
  static void expire(void* self);

  Stream::Connection& connection_;
  std::chrono::seconds patience_;
  Limit limit_;
  boost::system::error_code code_;
  bool armed_ = false;
  bool expired_ = false;
};

/// Until the connection can be read or written. Bytes that TLS holds already count, too.
awaitable<Result<void>> wait_for(Stream::Connection& connection, tls::Want want,
                                 std::chrono::seconds patience);

/// Gives the loop's other work a turn after many operations that had not to wait.
awaitable<void> take_turns(Stream::Connection& connection);

}  // namespace outrider::net
