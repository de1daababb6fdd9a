// Certificates that changed under a running server.
#pragma once

#include <memory>
#include <vector>

#include "outrider/app/config.h"

namespace outrider::app {

struct RenewedContexts {
  /// In the order of Config::receive.listeners; null where it has no TLS.
  std::vector<std::shared_ptr<const tls::ServerContext>> servers;
  /// Without a context where no file of ours is in them.
  deliver::TlsContexts client;
};

/// Makes the contexts of a configuration anew, of the same files. Fails where one cannot be used,
/// or has expired and the one in use has not: what is there is better then.
Result<RenewedContexts> renew_contexts(const Config& config);

/// What `next` has wrong and `running` has not: a reload for the worse is refused.
Errors new_faults(const Config& running, const Config& next);

}  // namespace outrider::app
