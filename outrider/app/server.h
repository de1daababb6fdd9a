// The running server: everything constructed, in the order in which it may depend on each other,
// and ended the other way round.
#pragma once

#include <memory>

#include "outrider/app/config.h"
#include "outrider/base/log.h"
#include "outrider/base/result.h"

namespace outrider::app {

class Server {
 public:
  /// Binds, gives up rights, opens the queue, starts threads. `on_reload` is called from any
  /// thread when an operator asks for it on the control socket.
  static Result<std::unique_ptr<Server>> start(Config config, Log& log,
                                               std::function<void()> on_reload);
  ~Server();

  /// Takes what can change while it runs: certificates, domains, routes, limits. Listeners' own
  /// addresses and the queue's settings need a restart, which is said in the log.
  void reload(Config config);

  /// No new mail, no new delivery; what runs may end within the drain time.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace outrider::app
