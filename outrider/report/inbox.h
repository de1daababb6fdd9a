// Reports that others mail to us: taken apart within bounds, kept, and listed.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/report/tls_report.h"
#include "outrider/store/store.h"

namespace outrider::report {

struct InboxRules {
  std::size_t most = 10000;               ///< reports; then the oldest make room
  Duration keep = std::chrono::days(90);  ///< since the end of what they are about
  std::size_t most_mail = 10 << 20;       ///< bytes of a mail
  std::size_t most_json = 10 << 20;       ///< bytes of a report, inflated
  std::size_t most_kept = 64 << 20;       ///< bytes of all in memory; then the oldest make room
  Duration ahead = std::chrono::days(2);  ///< may the end of a report lie: clocks differ
};

/// What a list shows of each.
struct ReportFilter {
  std::string domain;         ///< of a policy; empty: all
  bool failing_only = false;  ///< with sessions that failed
  std::size_t most = 100;
};

/// Safe from any thread. Store and log outlive it.
class Inbox {
 public:
  using OnFailing = std::function<void(const TlsReport&)>;

  /// `store` null: nothing outlives the process. `on_failing` is called with a new report that
  /// tells of failures.
  Inbox(InboxRules rules, store::Store* store, Log& log, OnFailing on_failing = {});
  Inbox(const Inbox&) = delete;

  Result<void> load();

  std::size_t most_mail() const { return rules_.most_mail; }
  /// A whole mail. False: the report was there already. An error is the mail's, or the store's. One
  /// about the future is refused, which would push out the true ones and never grow old.
  Result<bool> take(std::string_view mail);
  /// The newest first. Shared, and so not copied: they may be large.
  std::vector<std::shared_ptr<const TlsReport>> list(const ReportFilter& filter) const;
  std::size_t size() const;

 private:
  struct Kept {
    std::shared_ptr<const TlsReport> report;
    std::size_t size = 0;  ///< in memory
  };
  using Reports = std::map<std::string, Kept>;  ///< by begin, organization and id

  void add(std::string key, std::shared_ptr<const TlsReport> report);
  bool has(const std::string& key) const;
  void make_room(Time now);
  Reports::iterator erase(Reports::iterator at);

  const InboxRules rules_;
  store::Store* const store_;
  Log& log_;
  const OnFailing on_failing_;
  std::mutex taking_;  ///< held for a sync; before lock_, which is not
  mutable std::mutex lock_;
  Reports reports_;
  std::size_t kept_ = 0;  ///< bytes of all
};

/// Of the raw bytes of a mail.
Result<TlsReport> report_of_mail(std::string_view mail, const InboxRules& rules);

}  // namespace outrider::report
