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

  /// Waits for what the step wants, Read or Write.
  awaitable<Result<void>> wait(tls::Want want);

 private:
  static void expire(void* self);

  Stream::Connection& connection_;
  std::chrono::seconds patience_;
  Limit limit_;
  bool armed_ = false;
  bool expired_ = false;
};

/// Gives the loop's other work a turn after many operations that had not to wait.
awaitable<void> take_turns(Stream::Connection& connection);

}  // namespace outrider::net
