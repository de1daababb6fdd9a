// The subcommands below `outrider tls`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace outrider::app {

/// What was chosen is put into `run`, which outlives the parsing, as does `app`.
void add_tls(CLI::App& app, std::function<int()>& run);

}  // namespace outrider::app
