// The part of StsPolicies that outlasts: what lies in the store, and what is renewed by the clock.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/policy/sts_policies.h"
#include "outrider/policy/sts_record.h"
#include "outrider/store/keyed.h"

namespace outrider::policy {
namespace {

namespace asio = boost::asio;
using Timer = asio::steady_timer;

constexpr auto between_looks = std::chrono::minutes(1);
constexpr std::size_t most_refreshed = 100;  // in one look

}  // namespace

Result<void> StsPolicies::load() {
  if (store_ == nullptr) return {};
  store::KeyedTable table(*store_, sts_table);
  const Time time = now();
  std::vector<std::string> useless;
  const auto take_record = [&](std::string_view key, std::string_view value) {
    const std::string domain(key);
    auto policy = read_sts_record(value);
    if (!policy) {
      log_.warning("sts_policy_damaged")
          .field("domain", domain)
          .field("why", policy.error().text());
    }
    if (!policy || !policy->holds(time)) {
      useless.push_back(domain);
    } else if (slots_.size() < rules_.most) {
      StsEntry& entry = slots_[domain].entry;
      entry.used = time;
      auto kept = std::make_shared<const StsPolicy>(std::move(*policy));
      take_policy(entry, std::move(kept), domain, rules_);
    }
    return true;
  };
  const std::lock_guard held(lock_);
  if (auto read = table.scan("", take_record); !read) return read;
  for (const auto& domain : useless) {
    if (auto erased = table.erase(domain, store::Durable::Later); !erased) return erased;
  }
  return {};
}

void StsPolicies::start() { asio::co_spawn(home_, watch(), asio::detached); }

void StsPolicies::stop() {
  const std::lock_guard held(lock_);
  stopped_ = true;
  if (!watch_.lock()) return;
  asio::post(home_, [watch = watch_] {
    if (const auto timer = watch.lock()) timer->cancel();
  });
}

awaitable<void> StsPolicies::watch() {
  const auto executor = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<Timer>(executor);
  for (;;) {
    {
      const std::lock_guard held(lock_);
      if (stopped_) co_return;
      watch_ = timer;
    }
    timer->expires_after(between_looks);
    boost::system::error_code ended;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (!ended) look_through(now());
  }
}

void StsPolicies::look_through(Time time) {
  std::vector<std::pair<std::string, std::shared_ptr<Renewal>>> due;
  std::vector<std::string> over;
  {
    const std::lock_guard held(lock_);
    for (auto at = slots_.begin(); at != slots_.end();) {
      auto& [domain, slot] = *at;
      StsEntry& entry = slot.entry;
      if (!slot.renewal && due.size() < most_refreshed && wants_refresh(entry, time, rules_)) {
        if (auto renewal = begin(slot)) due.emplace_back(domain, std::move(renewal));
      }
      if (!slot.renewal && entry.policy && !entry.policy->holds(time)) {
        over.push_back(domain);
        entry.policy.reset();
      }
      at = !slot.renewal && is_idle(entry, time, rules_) ? slots_.erase(at) : std::next(at);
    }
  }
  for (auto& [domain, renewal] : due) spawn(domain, std::move(renewal));
  for (const auto& domain : over) log_.info("sts_policy_over").field("domain", domain);
  if (store_ != nullptr && !over.empty()) forget_on_disk(over);
}

// What came again meanwhile stays: this reads what is there before it takes it away.
void StsPolicies::forget_on_disk(const std::vector<std::string>& domains) {
  store::KeyedTable table(*store_, sts_table);
  for (const auto& domain : domains) {
    const auto value = table.read(domain);
    if (!value || !*value) continue;
    const auto policy = read_sts_record(**value);
    if (policy && policy->holds(now())) continue;
    if (auto erased = table.erase(domain, store::Durable::Later); !erased) {
      log_.error("sts_policy_not_erased").field("why", erased.error().text());
    }
  }
}

// A policy that had to make room in memory holds still.
void StsPolicies::recall(const std::string& domain) {
  {
    const std::lock_guard held(lock_);
    if (slots_[domain].entry.policy) return;
  }
  auto policy = kept(domain);
  if (!policy) return;
  const std::lock_guard held(lock_);
  take_policy(slots_[domain].entry, std::move(policy), domain, rules_);
}

// In the store, where it holds now.
std::shared_ptr<const StsPolicy> StsPolicies::kept(const std::string& domain) {
  const auto value = store::KeyedTable(*store_, sts_table).read(domain);
  if (!value) {
    log_.error("sts_policy_not_read").field("domain", domain).field("why", value.error().text());
  }
  if (!value || !*value) return nullptr;
  auto policy = read_sts_record(**value);
  if (!policy || !policy->holds(now())) return nullptr;
  return std::make_shared<const StsPolicy>(std::move(*policy));
}

// Mode "none", and what may not be kept, takes an older policy away. Without a sync of its own: a
// power cut may cost a policy of the last moments, which is fetched again.
void StsPolicies::keep(const std::string& domain) {
  std::shared_ptr<const StsPolicy> policy;
  {
    const std::lock_guard held(lock_);
    const StsEntry& entry = slots_[domain].entry;
    if (entry.failure) return;
    policy = entry.policy;
  }
  store::KeyedTable table(*store_, sts_table);
  const bool lasts = policy->mode != StsMode::None && policy->holds(now());
  const auto written = lasts ? table.put(domain, write_sts_record(*policy), store::Durable::Later)
                             : table.erase(domain, store::Durable::Later);
  if (!written) {
    log_.error("sts_policy_not_kept").field("domain", domain).field("why", written.error().text());
  }
}

}  // namespace outrider::policy
