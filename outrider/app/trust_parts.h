// What the running server knows of the TLS of others: the store, and what lives in it. In the order
// in which it may depend on each other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "outrider/app/failing_reports.h"
#include "outrider/base/log.h"
#include "outrider/base/result.h"
#include "outrider/deliver/site.h"
#include "outrider/dns/resolver.h"
#include "outrider/fetch/client.h"
#include "outrider/policy/alarms.h"
#include "outrider/policy/ledger.h"
#include "outrider/policy/sts_policies.h"
#include "outrider/queue/queue.h"
#include "outrider/report/inbox.h"
#include "outrider/report/sender.h"
#include "outrider/report/tally.h"
#include "outrider/store/store.h"

namespace outrider::app {

struct TrustOptions {
  std::string path;  ///< folder of the store
  bool sts = true;   ///< policies of destinations are fetched
  policy::StsRules sts_rules;
  fetch::Options web;  ///< for policies
  policy::LedgerRules ledger;
  policy::AlarmRules alarm;
  fetch::Options alarm_web;
  bool reports = true;  ///< on what we saw of others are sent
  report::TallyRules tally;
  report::SenderRules sender;
};

/// Resolver, queue and log outlive it; the threads end before it does.
class TrustParts {
 public:
  /// Opens the store and the clients.
  static Result<std::unique_ptr<TrustParts>> open(const TrustOptions& options,
                                                  dns::Resolver& resolver, queue::Queue& queue,
                                                  Log& log);

  /// Begins; `home` is a loop of one thread.
  Result<void> start(boost::asio::any_io_executor home);
  /// While there are loops: nothing new is begun, and what was asked of the web is given up.
  void stop();
  /// Reports about these names alone raise an alarm. At any time, from any thread.
  void set_own_names(OwnNames names);

  deliver::Services services();
  policy::Ledger& ledger() { return *ledger_; }
  const report::Inbox& inbox() const { return *inbox_; }

 private:
  TrustParts(const TrustOptions& options, dns::Resolver& resolver, queue::Queue& queue, Log& log)
      : options_(options), resolver_(resolver), queue_(queue), log_(log) {}
  Result<void> load();
  void start_sender(boost::asio::any_io_executor home);
  void tell_failing(const report::TlsReport& report);

  TrustOptions options_;
  dns::Resolver& resolver_;
  queue::Queue& queue_;
  Log& log_;
  std::mutex own_names_lock_;
  OwnNames own_names_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<fetch::Client> web_, alarm_web_;
  std::unique_ptr<policy::Ledger> ledger_;
  std::unique_ptr<policy::Alarms> alarms_;
  std::unique_ptr<policy::StsPolicies> sts_;
  std::unique_ptr<report::Tally> tally_;
  std::unique_ptr<report::Inbox> inbox_;
  std::unique_ptr<report::Sender> sender_;
};

}  // namespace outrider::app
