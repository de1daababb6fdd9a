// The subcommands below `outrider bench`.
#pragma once

#include <CLI/CLI.hpp>

#include "outrider/app/command_line_parts.h"

namespace outrider::app {

/// What was chosen is put into `line.run`; `line` outlives the parsing, as does `app`.
void add_bench(CLI::App& app, CommandLine& line);

}  // namespace outrider::app
