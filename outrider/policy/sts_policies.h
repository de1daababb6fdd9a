// MTA-STS policies of the domains we send to, found, kept and renewed (RFC 8461 §3.3, §5.1, §10).
//
// A delivery asks by find(), which answers at once where the domain was looked at lately, and else
// waits for one lookup that all deliveries of the domain share, within a bound: then it goes on by
// what is known. A policy that holds is never given up before its end, is fetched again in time,
// and lies in the store across restarts. What a policy means for a host is trust's business.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/policy/sts_discovery.h"
#include "outrider/policy/sts_entry.h"
#include "outrider/store/store.h"

namespace outrider::policy {

/// What a delivery goes by.
struct StsState {
  std::shared_ptr<const StsPolicy> policy;  ///< that holds now, of any mode; null: none
  std::optional<StsFailure> failure;        ///< of the last fetch, where it failed
  std::string unknown;                      ///< why the DNS did not tell, printable; empty: it did
  bool is_settled = false;  ///< by a lookup that ended; false: the wait was over, or no room
};

/// Sources, store and log outlive it; the loops end before it does, because coroutines on
/// them hold it. Safe from any thread.
class StsPolicies {
 public:
  /// `store` null: nothing outlives the process. `home`: a loop of one thread, for renewals.
  StsPolicies(StsRules rules, StsSources sources, store::Store* store,
              boost::asio::any_io_executor home, Log& log);
  StsPolicies(const StsPolicies&) = delete;

  /// Takes what the store holds. A record that cannot be read is forgotten, with a line in the
  /// log; an error is the store's.
  Result<void> load();
  /// Begins to look once a minute for what is to be renewed or dropped, until stop().
  void start();
  void stop();

  /// `domain`: the policy domain, in A-labels, which is a smart host's name where
  /// mail goes by one (RFC 8461 §3.4).
  awaitable<StsState> find(std::string domain);
  /// Without waiting or asking.
  StsState known(const std::string& domain) const;
  std::size_t size() const;  ///< domains that are remembered

  /// What start() does once a minute, as of `time`.
  void look_through(Time time);

 private:
  struct Renewal;
  struct Slot {
    StsEntry entry;
    std::shared_ptr<Renewal> renewal;  // under way
  };
  using Slots = std::unordered_map<std::string, Slot>;

  StsState state_of(const Slot& slot, Time time) const;
  StsState without_look_up(const std::string& domain);
  Slot* slot_for(const std::string& domain, Time time);
  void make_room(Time time);
  std::shared_ptr<Renewal> begin(Slot& slot);
  void spawn(const std::string& domain, std::shared_ptr<Renewal> renewal);
  awaitable<bool> wait_for(std::shared_ptr<Renewal> renewal);
  awaitable<void> renew(std::string domain, std::shared_ptr<Renewal> renewal);
  awaitable<void> fetch(std::string domain, std::string id);
  void take(const std::string& domain, const std::string& id, StsFetched fetched);
  void tell(const std::string& domain, const StsPolicy& policy, const StsPolicy* before);
  void tell(const std::string& domain, const StsFailure& failure, const StsPolicy* kept);
  void wake(const std::string& domain, Renewal& renewal);
  void keep(const std::string& domain);
  void recall(const std::string& domain);
  std::shared_ptr<const StsPolicy> kept(const std::string& domain);
  awaitable<void> watch();
  void forget_on_disk(const std::vector<std::string>& domains);

  const StsRules rules_;
  const StsSources sources_;
  store::Store* const store_;
  const boost::asio::any_io_executor home_;
  Log& log_;

  mutable std::mutex lock_;  // of what follows
  Slots slots_;
  std::size_t renewals_ = 0;
  bool stopped_ = false;
  std::weak_ptr<boost::asio::steady_timer> watch_;
};

}  // namespace outrider::policy
