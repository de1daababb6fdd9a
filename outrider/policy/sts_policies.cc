#include "outrider/policy/sts_policies.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::policy {
namespace {

namespace asio = boost::asio;
using Timer = asio::steady_timer;

constexpr std::size_t longest_domain = 253 - 9;  // `_mta-sts.` before it

}  // namespace

/// One lookup of a domain, and who waits for it. Guarded by the lock.
struct StsPolicies::Renewal {
  bool is_done = false;
  // A timer belongs to the coroutine that waits, and goes with its loop.
  std::vector<std::weak_ptr<Timer>> waiting;
};

StsPolicies::StsPolicies(StsRules rules, StsSources sources, store::Store* store,
                         asio::any_io_executor home, Log& log)
    : rules_(rules),
      sources_(std::move(sources)),
      store_(store),
      home_(std::move(home)),
      log_(log) {}

StsState StsPolicies::state_of(const Slot& slot, Time time) const {
  const StsEntry& entry = slot.entry;
  return {policy_at(entry, time), entry.failure, entry.unknown, entry.checked != Time()};
}

StsState StsPolicies::known(const std::string& domain) const {
  const std::lock_guard held(lock_);
  const auto found = slots_.find(to_lower(domain));
  return found == slots_.end() ? StsState() : state_of(found->second, now());
}

std::size_t StsPolicies::size() const {
  const std::lock_guard held(lock_);
  return slots_.size();
}

awaitable<StsState> StsPolicies::find(std::string given) {
  const std::string domain = to_lower(given);
  if (domain.empty() || domain.size() > longest_domain) co_return StsState{.is_settled = true};
  std::shared_ptr<Renewal> renewal;
  bool is_new = false;
  {
    const std::lock_guard held(lock_);
    const Time time = now();
    Slot* slot = slot_for(domain, time);
    if (slot != nullptr) {
      slot->entry.used = time;
      if (is_checked(slot->entry, time, rules_)) co_return state_of(*slot, time);
      is_new = !slot->renewal;
      renewal = is_new ? begin(*slot) : slot->renewal;
    }
  }
  if (!renewal) co_return without_look_up(domain);
  if (is_new) spawn(domain, renewal);
  const bool is_settled = co_await wait_for(std::move(renewal));
  StsState state = known(domain);
  state.is_settled = is_settled;
  co_return state;
}

// No room: what is kept holds all the same (RFC 8461 §5.1).
StsState StsPolicies::without_look_up(const std::string& domain) {
  StsState state = known(domain);
  if (!state.policy && store_ != nullptr) state.policy = kept(domain);
  state.is_settled = false;
  return state;
}

StsPolicies::Slot* StsPolicies::slot_for(const std::string& domain, Time time) {
  const auto found = slots_.find(domain);
  if (found != slots_.end()) return &found->second;
  if (slots_.size() >= rules_.most) make_room(time);
  return slots_.size() < rules_.most ? &slots_[domain] : nullptr;
}

// A sixteenth at a time: first what holds no policy, then what was used longest ago. Policies stay
// on disk until they are over.
void StsPolicies::make_room(Time time) {
  std::vector<std::pair<std::pair<bool, Time>, std::string>> all;
  for (const auto& [domain, slot] : slots_) {
    if (slot.renewal) continue;
    all.push_back({{policy_at(slot.entry, time) != nullptr, slot.entry.used}, domain});
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(all.size(), rules_.most / 16 + 1));
  std::ranges::partial_sort(all, all.begin() + count);
  for (auto at = all.begin(); at != all.begin() + count; ++at) slots_.erase(at->second);
}

std::shared_ptr<StsPolicies::Renewal> StsPolicies::begin(Slot& slot) {
  if (stopped_ || renewals_ >= rules_.most_renewals) return nullptr;
  ++renewals_;
  slot.renewal = std::make_shared<Renewal>();
  return slot.renewal;
}

void StsPolicies::spawn(const std::string& domain, std::shared_ptr<Renewal> renewal) {
  asio::co_spawn(home_, renew(domain, std::move(renewal)), asio::detached);
}

// False: it has not ended within the wait.
awaitable<bool> StsPolicies::wait_for(std::shared_ptr<Renewal> renewal) {
  const auto executor = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<Timer>(executor, rules_.wait);
  {
    const std::lock_guard held(lock_);
    if (renewal->is_done) co_return true;
    renewal->waiting.push_back(timer);
  }
  boost::system::error_code ended;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
  const std::lock_guard held(lock_);
  co_return renewal->is_done;
}

void StsPolicies::wake(const std::string& domain, Renewal& renewal) {
  std::vector<std::weak_ptr<Timer>> waiting;
  {
    const std::lock_guard held(lock_);
    slots_[domain].entry.checked = now();
    renewal.is_done = true;
    waiting.swap(renewal.waiting);
  }
  for (const auto& weak : waiting) {
    const auto timer = weak.lock();
    if (!timer) continue;
    asio::post(timer->get_executor(), [weak] {
      if (const auto there = weak.lock()) there->cancel();
    });
  }
}

awaitable<void> StsPolicies::renew(std::string domain, std::shared_ptr<Renewal> renewal) {
  if (store_ != nullptr) recall(domain);
  const StsAnnouncement announced = co_await ask_sts_announcement(sources_, domain);
  std::optional<std::string> id;
  {
    const std::lock_guard held(lock_);
    StsEntry& entry = slots_[domain].entry;
    id = id_to_fetch(entry, announced, now());
    take_announcement(entry, announced, id.has_value(), now(), rules_);
  }
  if (id) co_await fetch(domain, *id);
  wake(domain, *renewal);
  if (id && store_ != nullptr) keep(domain);
  const std::lock_guard held(lock_);
  slots_[domain].renewal.reset();
  --renewals_;
}

awaitable<void> StsPolicies::fetch(std::string domain, std::string id) {
  StsFetched fetched = co_await fetch_sts_policy(sources_, domain, id, rules_.limit);
  take(domain, id, std::move(fetched));
}

void StsPolicies::take(const std::string& domain, const std::string& id, StsFetched fetched) {
  const std::lock_guard held(lock_);
  StsEntry& entry = slots_[domain].entry;
  const auto before = policy_at(entry, now());
  if (!fetched) {
    if (!stopped_) tell(domain, fetched.error(), before.get());
    return take_failure(entry, id, std::move(fetched.error()), rules_);
  }
  tell(domain, *fetched, before.get());
  take_policy(entry, std::make_shared<const StsPolicy>(std::move(*fetched)), domain, rules_);
}

void StsPolicies::tell(const std::string& domain, const StsPolicy& policy,
                       const StsPolicy* before) {
  if (before != nullptr && before->id == policy.id && before->mode == policy.mode &&
      before->mx == policy.mx)
    return;
  log_.info("sts_policy")
      .field("domain", domain)
      .field("id", policy.id)
      .field("mode", name(policy.mode))
      .field("max_age", policy.max_age.count());
}

// RFC 8461 §3.3: operators are told, unless the policy that is known is "none".
void StsPolicies::tell(const std::string& domain, const StsFailure& failure,
                       const StsPolicy* kept) {
  const bool is_none = kept != nullptr && kept->mode == StsMode::None;
  auto line = is_none ? log_.info("sts_policy_failed") : log_.warning("sts_policy_failed");
  line.field("domain", domain).field("type", result_type(failure.kind)).field("why", failure.why);
  if (kept != nullptr) line.field("kept_until", rfc3339(kept->expires()));
}

}  // namespace outrider::policy
