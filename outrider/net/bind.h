// Making sockets that listen. Within this module only.
#pragma once

#include <vector>

#include "outrider/net/listener.h"
#include "outrider/net/socket.h"

namespace outrider::net {

/// A socket for each thread on one TCP address; all on the port that the first one was given.
Result<std::vector<Fd>> listen_on_tcp(Endpoint endpoint, std::size_t count,
                                      const ListenOptions& options);
Result<Fd> listen_on_path(const std::string& path, const ListenOptions& options);

}  // namespace outrider::net
