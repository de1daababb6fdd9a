#include "outrider/deliver/site.h"

#include <algorithm>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::deliver {
namespace {

smtp::ClientOptions client_options(const Options& options, bool lmtp) {
  smtp::ClientOptions client;
  client.hostname = options.hostname;
  client.lmtp = lmtp;
  client.chunking = options.chunking;
  client.pipelining = options.pipelining;
  return client;
}

HopOptions hop_options(const Options& options) {
  HopOptions hops;
  hops.own_names = options.own_names;
  hops.own_names.push_back(options.hostname);
  for (auto& name : hops.own_names) name = to_lower(name);
  hops.own_addresses = options.own_addresses;
  hops.loopback_is_own = options.loopback_is_own;
  hops.families = options.families;
  return hops;
}

std::unique_ptr<policy::Ledger> make_ledger(const Options& options, Log& log) {
  return std::make_unique<policy::Ledger>(policy::LedgerRules{.history = options.tls_history},
                                          nullptr, log);
}
std::unique_ptr<policy::Alarms> make_alarms(Log& log) {
  return std::make_unique<policy::Alarms>(policy::AlarmRules{}, log);
}

}  // namespace

Site::Site(Options given, Ways ways, queue::Queue& from, dns::Resolver& names, Log& lines,
           Services shared)
    : options(std::move(given)),
      smtp(client_options(options, false)),
      lmtp(client_options(options, true)),
      hops(hop_options(options)),
      queue(from),
      resolver(names),
      log(lines),
      sts(shared.sts),
      tally(shared.tally),
      inbox(shared.inbox),
      own_ledger_(shared.ledger ? nullptr : make_ledger(options, lines)),
      own_alarms_(shared.alarms ? nullptr : make_alarms(lines)),
      ledger(shared.ledger ? *shared.ledger : *own_ledger_),
      alarms(shared.alarms ? *shared.alarms : *own_alarms_),
      sessions(std::make_shared<tls::SessionCache>()),
      disk(std::clamp<std::size_t>(options.maildir.threads, 1, 64)),
      ways_(std::make_shared<const Ways>(std::move(ways))) {}

std::shared_ptr<const Ways> Site::ways() const {
  const std::lock_guard guard(lock_);
  return ways_;
}

void Site::set_ways(Ways ways) {
  auto fresh = std::make_shared<const Ways>(std::move(ways));
  {
    const std::lock_guard guard(lock_);
    ways_.swap(fresh);
  }
  generation_.fetch_add(1, std::memory_order_release);
}

void Site::ended() {
  if (running.fetch_sub(1) != 1) return;
  const std::lock_guard guard(lock_);
  quiet_.notify_all();
}

bool Site::wait_until_quiet(Duration bound) {
  std::unique_lock guard(lock_);
  return quiet_.wait_for(guard, bound, [this] { return running.load() == 0; });
}

}  // namespace outrider::deliver
