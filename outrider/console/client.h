// The other end of the control socket, for the command line: blocking, one request at a time.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/result.h"

namespace outrider::console {

/// Sends one request line and gives the answer line. Fails where no server answers there.
Result<std::string> ask(const std::string& socket, std::string_view request);

}  // namespace outrider::console
