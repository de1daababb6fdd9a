#include "outrider/app/print.h"

#include <cstdio>

namespace outrider::app {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_error(std::string_view text) {
  const std::string line = "outrider: " + std::string(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::string error_line(const Error& error) {
  std::string line = error.place.empty() ? "error: " : error.place + ": error: ";
  line += error.input;
  if (!error.rule.empty() && error.rule != "configuration schema") line += " (" + error.rule + ")";
  return line;
}

void print_errors(const Errors& errors) {
  for (const Error& error : errors) {
    const std::string line = error_line(error) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

}  // namespace outrider::app
