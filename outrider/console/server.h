// The control socket: one JSON request a line, one JSON answer a line. Whoever may open the socket
// may look at the queue and act on it; the kernel says who it is, and the log keeps it.
//
//     {"command": "queue.list", "after": "0000000000000", "limit": 100}
//     {"ok": true, "items": […]}
//     {"ok": false, "error": "…"}
//
// `queue.list` and `queue.apply` (with `action`: hold, release, retry, remove) take a filter:
// `ids`, `sender`, `recipient`, `destination`, `held`. To act on every message, `all` has to be
// true. `queue.show` takes `id` and `bytes` of content, and answers with `content`, or with
// `content_error` where it cannot be read. `status` and `reload` take nothing, and a refused reload
// answers with `errors`. Commands that begin with `tls.` are answered by `others`.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/base/result.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/listener.h"
#include "outrider/queue/queue.h"

namespace outrider::console {

/// Called once, from any thread, with what was wrong: one text an error; none, and it is done.
using Reloaded = std::function<void(std::vector<std::string> errors)>;
/// Asks for the configuration to be read again. Returns at once.
using OnReload = std::function<void(Reloaded)>;

/// What the server itself does on request. Called on an I/O thread.
struct Actions {
  OnReload reload;
  std::function<std::string()> status;  ///< a JSON object: version, connections, …
  /// Commands of other parts: request line and who asks; nothing: there is no such command.
  std::function<boost::asio::awaitable<std::optional<std::string>>(std::string, std::string)>
      others;
};

/// Queue, threads and log outlive it; its listener is stopped before the threads are.
class Server {
 public:
  Server(std::unique_ptr<net::Listener> listener, queue::Queue& queue, Actions actions, Log& log);
  ~Server();
  Server(const Server&) = delete;

  void start(const std::vector<net::IoThread*>& threads);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The socket file, mode 0660, of the user and the group where they are given.
Result<std::unique_ptr<net::Listener>> listen(const std::string& path, std::optional<uid_t> user,
                                              std::optional<gid_t> group, std::size_t threads);

}  // namespace outrider::console
