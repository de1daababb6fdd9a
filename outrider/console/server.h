// The control socket: one JSON request a line, one JSON answer a line. Whoever may open the socket
// may look at the queue and act on it; the kernel says who it is, and the log keeps it.
//
//     {"command": "queue.list", "after": "0000000000000", "limit": 100}
//     {"ok": true, "items": […]}
//     {"ok": false, "error": "…"}
#pragma once

#include <sys/types.h>

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

/// What the server itself does on request. Called on an I/O thread.
struct Actions {
  std::function<void()> reload;         ///< asks for it; the log tells how it went
  std::function<std::string()> status;  ///< a JSON object: version, connections, …
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

/// The socket file, mode 0660, of the group where one is given.
Result<std::unique_ptr<net::Listener>> listen(const std::string& path, std::optional<gid_t> group,
                                              std::size_t threads);

}  // namespace outrider::console
