// What subcommands print for people, and how errors look on a terminal.
#pragma once

#include <string>
#include <string_view>

#include "outrider/app/values.h"

namespace outrider::app {

void print(std::string_view text);        ///< to standard output
void print_error(std::string_view text);  ///< `outrider: text` to standard error
/// One line an error: `place: error: input (rule)`.
void print_errors(const Errors& errors);
std::string error_line(const Error& error);

}  // namespace outrider::app
