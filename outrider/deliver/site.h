// What all deliveries of a server share. Each coroutine holds it, because an I/O thread may end
// after the deliverer.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "outrider/base/log.h"
#include "outrider/deliver/next_hop.h"
#include "outrider/deliver/options.h"
#include "outrider/deliver/routes.h"
#include "outrider/deliver/tls_profile.h"
#include "outrider/dns/resolver.h"
#include "outrider/policy/alarms.h"
#include "outrider/policy/ledger.h"
#include "outrider/policy/sts_policies.h"
#include "outrider/queue/queue.h"
#include "outrider/report/inbox.h"
#include "outrider/report/tally.h"
#include "outrider/smtp/client_session.h"
#include "outrider/tls/session_cache.h"

namespace outrider::deliver {

/// What a reload replaces.
struct Ways {
  std::shared_ptr<const Routes> routes;
  TlsContexts tls;
};

/// What deliveries share with the rest of the server, and outlives them. Without policies none is
/// asked for; a ledger and alarms are made where none are given.
struct Services {
  policy::StsPolicies* sts = nullptr;
  policy::Ledger* ledger = nullptr;
  policy::Alarms* alarms = nullptr;
  report::Tally* tally = nullptr;  ///< without it sessions are not counted
  report::Inbox* inbox = nullptr;  ///< without it the route `tls-reports` refuses
};

struct Site {
  Site(Options options, Ways ways, queue::Queue& queue, dns::Resolver& resolver, Log& log,
       Services services = {});

  std::shared_ptr<const Ways> ways() const;
  void set_ways(Ways ways);
  /// Changes with set_ways(): what was made of older ones is out of date.
  unsigned generation() const { return generation_.load(std::memory_order_acquire); }

  void began() { running.fetch_add(1); }
  void ended();
  /// True when nothing runs any more.
  bool wait_until_quiet(Duration bound);

  const Options options;
  const smtp::ClientOptions smtp, lmtp;  ///< sessions refer to them
  const HopOptions hops;
  queue::Queue& queue;
  dns::Resolver& resolver;
  Log& log;
  policy::StsPolicies* const sts;  ///< or null, as the next two
  report::Tally* const tally;
  report::Inbox* const inbox;

 private:
  const std::unique_ptr<policy::Ledger> own_ledger_;
  const std::unique_ptr<policy::Alarms> own_alarms_;

 public:
  policy::Ledger& ledger;
  policy::Alarms& alarms;
  const std::shared_ptr<tls::SessionCache> sessions;  ///< that may be resumed
  boost::asio::thread_pool disk;                      ///< for what blocks
  std::atomic<bool> draining{false};
  std::atomic<bool> cut{false};  ///< nothing is recorded any more
  std::atomic<std::size_t> running{0}, idle{0};
  std::atomic<std::uint64_t> connected{0}, sent{0}, deferred{0}, bounced{0};
  std::atomic<std::uint64_t> resumed{0};

 private:
  mutable std::mutex lock_;
  std::condition_variable quiet_;
  std::shared_ptr<const Ways> ways_;
  std::atomic<unsigned> generation_{0};
};

}  // namespace outrider::deliver
