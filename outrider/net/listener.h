// Sockets that wait for connections. They are bound in the main thread before privileges are
// dropped, or handed over by systemd, and then accept on I/O threads.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::net {

class IoThread;

/// Where to listen: a TCP endpoint, or a Unix socket by its path.
struct ListenAddress {
  std::variant<Endpoint, std::string> where;

  bool operator==(const ListenAddress&) const = default;
  std::string text() const;  ///< `192.0.2.1:25`, `[::]:25`, `unix:/run/outrider/lmtp`
  /// Reads what text() writes.
  static std::optional<ListenAddress> parse(std::string_view text);
};

/// A connection that was just accepted. Whoever gets it owns `fd` (non-blocking, close-on-exec)
/// and is called on `thread`: make a Stream of it there.
struct Accepted {
  IoThread& thread;
  int fd;
  std::optional<Endpoint> peer;  ///< nothing for a Unix socket
  std::optional<Endpoint> local;
};

struct ListenOptions {
  mode_t unix_mode = 0660;  ///< of the socket file
  int backlog = 1024;
};

/// One address that is listened to. TCP addresses get a socket for each thread (SO_REUSEPORT), so
/// that the kernel spreads connections; of a Unix or an inherited socket there is one, which
/// accepts on the first thread and deals out in turn. Destroyed, it closes, and removes the file
/// of a Unix socket that it made.
///
///     auto listener = net::Listener::bind(address, threads.size(), options);
///     (*listener)->start(threads, [](net::Accepted accepted) { ... });
class Listener {
 public:
  /// Called on the accepted connection's thread.
  using OnAccept = std::function<void(Accepted)>;

  /// Binds and listens; nothing is accepted yet. Port 0 takes a free port, see address(). A Unix
  /// socket's file that is there already is replaced only if nobody answers on it.
  static Result<std::unique_ptr<Listener>> bind(const ListenAddress& address, std::size_t threads,
                                                const ListenOptions& options);
  static Result<std::unique_ptr<Listener>> bind(const ListenAddress& address, std::size_t threads) {
    return bind(address, threads, ListenOptions{});
  }
  /// Takes over a listening socket that systemd or a parent left open.
  static Result<std::unique_ptr<Listener>> adopt(int fd);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const ListenAddress& address() const;

  /// From any thread. `threads` must outlive the listener, and there are at least as many as were
  /// told to bind(). After stop() it may be started again.
  void start(const std::vector<IoThread*>& threads, OnAccept on_accept);
  /// Accepts no more, from any thread; connections that wait stay in the kernel's queue. One that
  /// is being accepted on another thread at this moment may still come.
  void stop();

 private:
  struct Socket;
  Listener(ListenAddress address, std::vector<std::shared_ptr<Socket>> sockets);

  ListenAddress address_;
  std::vector<std::shared_ptr<Socket>> sockets_;
  std::string unlink_at_end_;
};

/// Who is at the other end of a Unix socket (SO_PEERCRED), as the kernel knows.
struct PeerCredentials {
  pid_t process;
  uid_t user;
  gid_t group;
};
Result<PeerCredentials> peer_credentials(int fd);

}  // namespace outrider::net
