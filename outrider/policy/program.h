// A program that is told something: run without a shell, with a text to read, for a bounded time.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"

namespace outrider::policy {

/// `words`: the program (looked for in PATH) and its arguments. It has `input` as standard input,
/// `variables` beside our environment, and our standard error for what it prints. Blocks until it
/// ends; after `patience`, or when `stop` is requested, it is killed with its process group. An
/// error: it could not be started, was killed, or ended with another code than 0.
Result<void> run_program(const std::vector<std::string>& words, const std::string& input,
                         const std::vector<std::pair<std::string, std::string>>& variables,
                         Duration patience, const std::stop_token& stop);

}  // namespace outrider::policy
