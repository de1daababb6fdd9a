// Alarms: security that a destination had, or was promised, is not there. Told at once: a line in
// the log, a counter, and where the operator wants it a program and a webhook. Never by mail: it
// might go to the same place.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/log.h"
#include "outrider/dns/resolver.h"
#include "outrider/fetch/client.h"

namespace outrider::policy {

struct Alarm {
  enum class Kind {
    TlsGone,         ///< a host had TLS before, and offers none that works now
    Unverified,      ///< a host was proven before, and cannot be now; nobody demanded it
    PolicyFailed,    ///< DANE or MTA-STS of the destination demands what no session reached
    DnsDisputed,     ///< our validation and the resolver's do not agree
    ReportsFailing,  ///< others report that they cannot reach us securely
  };
  Kind kind = Kind::TlsGone;
  std::string domain, host;         ///< `mx.example:25`; what is not known is empty
  std::string level;                ///< of TLS, that was asked for
  std::string why;                  ///< printable
  std::optional<Time> last_seen;    ///< what is missed
  std::size_t gone = 0, known = 0;  ///< hosts of the domain, of TlsGone
  Time when{};
};
std::string_view name(Alarm::Kind kind);  ///< `tls-gone`, …
std::optional<Alarm::Kind> alarm_named(std::string_view text);
/// One JSON object: what the program reads and the webhook is posted.
std::string alarm_json(const Alarm& alarm);

struct AlarmRules {
  std::vector<std::string> command;              ///< program and arguments; empty: none
  std::string webhook;                           ///< https URL; empty: none
  std::vector<Alarm::Kind> kinds;                ///< that command and webhook are told; empty: all
  Duration silence = std::chrono::hours(1);      ///< between two of one kind about one host
  Duration patience = std::chrono::seconds(30);  ///< with the program; then it is killed
  std::size_t most_waiting = 100;                ///< for the program; one more is not told to it
  std::size_t most_reports = 10;                 ///< of ReportsFailing, beside those
};

/// What the webhook is reached by.
struct AlarmSources {
  dns::Resolver& resolver;
  fetch::Client& client;
  boost::asio::any_io_executor home;
};

/// Safe from any thread; raise() waits for nothing. What it is made with outlives it.
class Alarms {
 public:
  Alarms(AlarmRules rules, Log& log, std::optional<AlarmSources> sources = std::nullopt);
  ~Alarms();  ///< what waits for the program is given up, what runs is killed
  Alarms(const Alarms&) = delete;

  /// False: it was told a short while ago.
  bool raise(Alarm alarm);
  std::uint64_t raised() const { return raised_.load(std::memory_order_relaxed); }

 private:
  /// What strangers can cause has room of its own, and is not to push out what we saw ourselves.
  struct Room {
    std::size_t own = 0, reports = 0;
  };

  bool is_repeated(const Alarm& alarm);
  bool takes(Room& room, Alarm::Kind kind) const;
  Alarm next_waiting();
  void tell(const Alarm& alarm) const;
  void run_programs(const std::stop_token& stop);
  boost::asio::awaitable<void> post(std::string body, Alarm::Kind kind);

  const AlarmRules rules_;
  Log& log_;
  const std::optional<AlarmSources> sources_;
  std::atomic<std::uint64_t> raised_{0};
  std::mutex lock_;
  std::condition_variable_any woken_;
  std::unordered_map<std::string, Time> told_;
  std::deque<Alarm> waiting_;
  Room room_;  ///< in waiting_
  Room posting_;
  std::jthread programs_;
};

}  // namespace outrider::policy
