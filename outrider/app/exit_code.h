// Exit codes of sysexits.h, by the names the programs of a mail system use.
#pragma once

namespace outrider::app {

enum ExitCode {
  exit_ok = 0,
  exit_usage = 64,
  exit_data = 65,
  exit_no_input = 66,
  exit_unavailable = 69,
  exit_software = 70,
  exit_os = 71,
  exit_cannot_create = 73,
  exit_temporary = 75,
  exit_no_permission = 77,
  exit_config = 78
};

}  // namespace outrider::app
