// A server as a person names it on the command line.
#pragma once

#include <string>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::app {

/// `host`, `host:port`, `192.0.2.1:25` or `[2001:db8::1]:25` to an endpoint, a name by the system's
/// resolver as other programs do it; without a port 25. `host` is what was named. Blame::Operator:
/// it names no server, or no port.
Result<Endpoint> find_server(const std::string& server, std::string& host);

}  // namespace outrider::app
