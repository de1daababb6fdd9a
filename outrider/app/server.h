// The running server: everything constructed, in the order in which it may depend on each other,
// and ended the other way round.
#pragma once

#include <memory>

#include "outrider/app/config.h"
#include "outrider/base/log.h"
#include "outrider/base/result.h"
#include "outrider/console/server.h"

namespace outrider::app {

class Server {
 public:
  /// Binds, gives up rights, opens the queue, starts threads. `on_reload` is called from any
  /// thread when an operator asks for it on the control socket, with whom to tell how it went.
  static Result<std::unique_ptr<Server>> start(Config config, Log& log,
                                               console::OnReload on_reload);
  ~Server();

  /// Takes what can change while it runs: certificates, domains, routes, limits. Listeners' own
  /// addresses and some tables wait for a restart, which is said in the log. Fails, with nothing
  /// changed, where a listener that is open is not in the configuration any more.
  Result<void> reload(Config config);

  /// Loads the certificates' files again, and nothing else. On an error the old ones stay.
  Result<void> renew_certificates();

  /// What it runs with. To be looked at by the thread that reloads.
  const Config& config() const;

  /// No new mail, no new delivery; what runs may end within the drain time.
  void stop();

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace outrider::app
