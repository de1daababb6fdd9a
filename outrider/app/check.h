// `outrider check`: is the configuration sound, and can this machine do what it says.
#pragma once

#include <string>

namespace outrider::app {

/// Prints every error and warning with its place. 0, or 78 where there is an error.
int check(const std::string& file, bool json);

}  // namespace outrider::app
