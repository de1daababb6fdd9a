#include "outrider/app/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "outrider/app/config.h"
#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"
#include "outrider/app/server.h"
#include "outrider/net/service.h"

namespace outrider::app {
namespace {

// The signals that mean something; all others keep their meaning. Threads that start later have
// them blocked, too, so that they come here.
sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

void notify(Log& log, std::string_view state) {
  if (const auto told = net::notify_service(state); !told) {
    log.warning("service_manager").field("reason", told.error().text());
  }
}

void reload(Server& server, const std::string& file, Log& log) {
  notify(log, "RELOADING=1");
  auto config = load_config(file);
  if (config) {
    for (const auto& warning : config->warnings)
      log.warning("configuration").field("warning", warning);
    server.reload(std::move(*config));
  } else {
    // The old configuration stays, whatever is wrong with the new one.
    for (const auto& error : config.error()) {
      log.error("reload").field("status", "refused").field("reason", error.text());
    }
  }
  notify(log, "READY=1");
}

int exit_code_of(const Error& error) {
  return error.blame == Blame::Operator ? exit_config : exit_temporary;
}

// A second signal while it drains ends it at once: what was accepted is safe on disk.
void end_at_once_on_second_signal(const sigset_t& signals) {
  sigset_t ends = signals;
  sigdelset(&ends, SIGHUP);
  struct sigaction at_once{};
  at_once.sa_handler = [](int) { ::_exit(exit_ok); };
  for (const int number : {SIGTERM, SIGINT}) ::sigaction(number, &at_once, nullptr);
  ::pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);
}

}  // namespace

int serve(const std::string& file) {
  auto config = load_config(file);
  if (!config) {
    print_errors(config.error());
    return exit_config;
  }
  ::signal(SIGPIPE, SIG_IGN);
  const auto signals = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Log log(config->log);
  for (const auto& warning : config->warnings)
    log.warning("configuration").field("warning", warning);

  const auto self = ::getpid();
  auto server = Server::start(std::move(*config), log, [self] { ::kill(self, SIGHUP); });
  if (!server) {
    log.error("start").field("reason", server.error().text());
    log.flush();
    print_errors({server.error()});
    return exit_code_of(server.error());
  }
  notify(log, "READY=1");
  for (;;) {
    int number = 0;
    ::sigwait(&signals, &number);
    if (number != SIGHUP) {
      log.info("stopping").field("signal", number == SIGTERM ? "SIGTERM" : "SIGINT");
      break;
    }
    reload(**server, file, log);
  }
  notify(log, "STOPPING=1");
  end_at_once_on_second_signal(signals);
  (*server)->stop();
  return exit_ok;
}

}  // namespace outrider::app
