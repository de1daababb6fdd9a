// The program `outrider`: its subcommands, and what they exit with (sysexits.h).
#pragma once

namespace outrider::app {

/// Runs the subcommand that the arguments name. Never throws.
int run(int argc, char** argv);

}  // namespace outrider::app
