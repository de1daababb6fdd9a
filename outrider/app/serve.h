#pragma once

#include <string>

namespace outrider::app {

/// `outrider serve`: until SIGTERM or SIGINT. An exit code of sysexits.h.
int serve(const std::string& file);

}  // namespace outrider::app
