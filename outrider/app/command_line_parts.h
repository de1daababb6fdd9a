// What the subcommands of the command line share.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "outrider/app/queue_command.h"
#include "outrider/app/send.h"

namespace outrider::app {

/// What was read, and what the chosen subcommand does.
struct CommandLine {
  std::string file = "/etc/outrider/outrider.toml";
  bool json = false;
  QueueRequest queue;
  SendOptions send;
  std::function<int()> run;
};

void add_common(CLI::App& command, CommandLine& line);
void add_socket(CLI::App& command, CommandLine& line);

/// The control socket stands in the configuration, unless it is named.
int with_socket(CommandLine& line, const std::function<int(const QueueRequest&)>& act);

}  // namespace outrider::app
