// What became of each session, counted for the reports of a day (RFC 8460 §4.1, §4.2): for all
// threads, across restarts. A day's count of a domain is kept in the form of its report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/report/tls_report.h"
#include "outrider/store/store.h"
#include "outrider/store/write_behind.h"

namespace outrider::report {

struct TallyRules {
  Duration period = std::chrono::hours(24);  ///< that a report is about, from midnight on, in UTC
  std::size_t most = 20000;                  ///< domains and days; what is more is not counted
  std::size_t most_policies = 20;            ///< of a domain and day
  std::size_t most_details = 100;            ///< kinds of failure; more are in the sum alone
  Duration write_after = std::chrono::seconds(1);  ///< what a crash may cost
};

/// One session, or the attempt.
struct Session {
  PolicyResult policy;    ///< without counts; of no type: it is not counted
  FailureDetail failure;  ///< `result` empty: it reached what the policy asks for
  Time when{};
  std::string domain;  ///< that is told; empty: the policy's
};

/// Of one period and domain.
using TallyKey = std::pair<std::uint64_t, std::string>;

/// Safe from any thread. Store and log outlive it.
class Tally {
 public:
  /// `store` null: nothing outlives the process.
  Tally(TallyRules rules, store::Store* store, Log& log);
  Tally(const Tally&) = delete;

  /// Takes what the store holds; a record that cannot be read is forgotten, with a line in the log.
  Result<void> load();
  void flush();

  void add(const Session& session);
  /// Those whose period was over at `time`.
  std::vector<TallyKey> finished(Time time) const;
  /// Begin, end and policies; the rest is for the one who sends it.
  std::optional<TlsReport> report(const TallyKey& key) const;
  void drop(const TallyKey& key);
  std::size_t size() const;

  Time begin_of(std::uint64_t period) const { return Time(rules_.period * period); }
  Duration period() const { return rules_.period; }

 private:
  const TallyRules rules_;
  store::Store* const store_;
  Log& log_;
  mutable std::mutex lock_;
  std::mutex writing_;
  std::map<TallyKey, TlsReport> counts_;
  std::map<TallyKey, bool> changed_;  ///< false: dropped
  std::optional<store::WriteBehind> writer_;
};

}  // namespace outrider::report
