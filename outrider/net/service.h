// What a service manager and a service tell each other: sd_notify(3) and socket activation
// (sd_listen_fds(3)), in our own few lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/result.h"

namespace outrider::net {

/// Tells the manager at NOTIFY_SOCKET, as `READY=1` or `STOPPING=1\nSTATUS=...`. Without one there
/// is nothing to do, which is success.
Result<void> notify_service(std::string_view state);

/// A listening socket that was open when the program began.
struct InheritedSocket {
  int fd;
  std::string name;  ///< of LISTEN_FDNAMES; `unknown` without
};

/// Environment of a socket activation, for the pure half.
struct ActivationEnvironment {
  const char* pid = nullptr;    ///< LISTEN_PID
  const char* count = nullptr;  ///< LISTEN_FDS
  const char* names = nullptr;  ///< LISTEN_FDNAMES
};

/// Sockets that `environment` tells of, if they are meant for the process `self`. Nothing is
/// opened or changed.
Result<std::vector<InheritedSocket>> parse_activation(const ActivationEnvironment& environment,
                                                      long self);

/// The sockets left open for this process, made close-on-exec; the variables are removed, so that
/// no child takes them for its own. To be called once, while there is one thread.
Result<std::vector<InheritedSocket>> take_inherited_sockets();

}  // namespace outrider::net
