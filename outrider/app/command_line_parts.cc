#include "outrider/app/command_line_parts.h"

#include "outrider/app/config.h"
#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"

namespace outrider::app {

void add_common(CLI::App& command, CommandLine& line) {
  command.add_option("-c,--config", line.file, "The configuration")->capture_default_str();
  command.add_flag("--json", line.json, "Print JSON instead of text for people");
}

int with_socket(CommandLine& line, const std::function<int(const QueueRequest&)>& act) {
  line.queue.json = line.json;
  if (line.queue.socket.empty()) {
    const auto socket = control_socket(line.file);
    if (!socket) {
      print_errors({socket.error()});
      return socket.error().blame == Blame::Operator ? exit_config : exit_no_input;
    }
    line.queue.socket = *socket;
  }
  return act(line.queue);
}

void add_socket(CLI::App& command, CommandLine& line) {
  add_common(command, line);
  command.add_option("--socket", line.queue.socket,
                     "The control socket, where the configuration cannot be read");
}

}  // namespace outrider::app
