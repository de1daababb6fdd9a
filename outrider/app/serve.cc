#include "outrider/app/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "outrider/app/config.h"
#include "outrider/app/config_tls.h"
#include "outrider/app/exit_code.h"
#include "outrider/app/file_watch.h"
#include "outrider/app/print.h"
#include "outrider/app/renewal.h"
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

// Who asked for a reload and waits to hear how it went.
class ReloadDesk {
 public:
  void ask(console::Reloaded reloaded) {
    {
      const std::lock_guard guard(lock_);
      if (!closed_) {
        waiting_.push_back(std::move(reloaded));
        ::kill(::getpid(), SIGHUP);
        return;
      }
    }
    reloaded({"the server is stopping"});
  }
  std::vector<console::Reloaded> take() {
    const std::lock_guard guard(lock_);
    return std::exchange(waiting_, {});
  }
  void close() {
    {
      const std::lock_guard guard(lock_);
      closed_ = true;
    }
    for (const auto& reloaded : take()) reloaded({"the server is stopping"});
  }

 private:
  std::mutex lock_;
  bool closed_ = false;
  std::vector<console::Reloaded> waiting_;
};

void tell_of(const Config& config, Log& log) {
  for (const auto& fault : config.faults)
    log.error("configuration").field("fault", error_line(fault));
  for (const auto& warning : config.warnings)
    log.warning("configuration").field("warning", warning);
  for (const auto& note : config.notes) log.info("tls").field("note", note);
}

Errors try_reload(Server& server, const std::string& file, Log& log) {
  auto config = load_config(file, server.config().tls_files.ticket_keys);
  if (!config) return config.error();
  if (auto worse = new_faults(server.config(), *config); !worse.empty()) return worse;
  tell_of(*config, log);
  const auto done = server.reload(std::move(*config));
  return done ? Errors{} : Errors{done.error()};
}

// The old configuration stays, whatever is wrong with the new one.
void reload(Server& server, const std::string& file, ReloadDesk& desk, Log& log) {
  const auto asked = desk.take();
  const auto clock = std::chrono::steady_clock::now().time_since_epoch();
  notify(log, fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                          std::chrono::duration_cast<std::chrono::microseconds>(clock).count()));
  std::vector<std::string> errors;
  for (const auto& error : try_reload(server, file, log)) {
    errors.push_back(error_line(error));
    log.error("reload").field("status", "refused").field("reason", errors.back());
  }
  notify(log, "READY=1");
  for (const auto& reloaded : asked) reloaded(errors);
}

// A pair whose key comes a moment after its certificate is refused once, and taken then.
void look_at_certificates(Server& server, FileWatch& files, Log& log) {
  const auto changed = files.changed();
  if (!changed) return;
  const auto renewed = server.renew_certificates();
  if (renewed) {
    log.info("certificates").field("status", "renewed").field("file", *changed);
  } else {
    log.error("certificates")
        .field("status", "refused")
        .field("file", *changed)
        .field("reason", error_line(renewed.error()));
  }
}

// The next signal, or 0 when none came for so long; 0ms: waits until one comes.
int next_signal(const sigset_t& signals, Duration patience) {
  int number = 0;
  if (patience == Duration(0)) {
    ::sigwait(&signals, &number);
    return number;
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
  const timespec time{seconds.count(), std::chrono::nanoseconds(patience - seconds).count()};
  number = ::sigtimedwait(&signals, nullptr, &time);
  return number > 0 ? number : 0;
}

// Until a signal ends it; which one.
int run(Server& server, const std::string& file, FileWatch files, const sigset_t& signals,
        ReloadDesk& desk, Log& log) {
  for (;;) {
    const int number = next_signal(signals, server.config().tls_files.watch);
    if (number == 0) {
      look_at_certificates(server, files, log);
    } else if (number == SIGHUP) {
      reload(server, file, desk, log);
      files = FileWatch(files_of(server.config()));
    } else {
      return number;
    }
  }
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
  FileWatch files(files_of(*config));
  ::signal(SIGPIPE, SIG_IGN);
  const auto signals = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Log log(config->log);
  tell_of(*config, log);

  ReloadDesk desk;
  auto server = Server::start(std::move(*config), log, [&desk](console::Reloaded reloaded) {
    desk.ask(std::move(reloaded));
  });
  if (!server) {
    log.error("start").field("reason", server.error().text());
    log.flush();
    print_errors({server.error()});
    return exit_temporary;  // the configuration is sound: another time it may work
  }
  notify(log, "READY=1");
  const int number = run(**server, file, std::move(files), signals, desk, log);
  log.info("stopping").field("signal", number == SIGTERM ? "SIGTERM" : "SIGINT");
  notify(log, "STOPPING=1");
  desk.close();
  end_at_once_on_second_signal(signals);
  (*server)->stop();
  return exit_ok;
}

}  // namespace outrider::app
