#include "outrider/report/tally.h"

#include <fmt/format.h>

#include <algorithm>

#include "outrider/base/text.h"
#include "outrider/store/keyed.h"

namespace outrider::report {
namespace {

constexpr std::string_view table = "tls_tally";

std::string written(const TallyKey& key) { return fmt::format("{:020} {}", key.first, key.second); }

std::optional<TallyKey> read_key(std::string_view text) {
  const auto space = text.find(' ');
  const auto period = parse_number(text.substr(0, space));
  if (!period || space == std::string_view::npos) return std::nullopt;
  return TallyKey(*period, text.substr(space + 1));
}

bool is_same_policy(const PolicyResult& a, const PolicyResult& b) {
  return a.type == b.type && a.domain == b.domain && a.strings == b.strings && a.mx == b.mx;
}

bool is_same_failure(const FailureDetail& a, const FailureDetail& b) {
  return a.result == b.result && a.receiving_ip == b.receiving_ip && a.sending_ip == b.sending_ip &&
         a.receiving_host == b.receiving_host && a.reason == b.reason;
}

}  // namespace

Tally::Tally(TallyRules rules, store::Store* store, Log& log)
    : rules_(rules), store_(store), log_(log) {
  if (store_ != nullptr) writer_.emplace(rules_.write_after, [this] { flush(); });
}

Result<void> Tally::load() {
  if (store_ == nullptr) return {};
  const std::lock_guard held(lock_);
  return store::KeyedTable(*store_, table).scan("", [&](auto text, auto value) {
    const auto key = read_key(text);
    auto report = parse_report(value);
    if (key && report) {
      counts_.emplace(*key, std::move(*report));
    } else {
      log_.warning("tls_tally_damaged").field("key", text);
      if (key) changed_[*key] = false;
    }
    return true;
  });
}

// Without a sync of its own: a power cut may cost a second of counts.
void Tally::flush() {
  if (store_ == nullptr) return;
  const std::lock_guard writing(writing_);
  store::Batch batch = store_->batch();
  {
    const std::lock_guard held(lock_);
    const store::KeyedTable keyed(*store_, table);
    for (const auto& [key, is_there] : changed_) {
      const auto name = keyed.full_key(written(key));
      if (is_there) {
        batch.put(store::Table::Keyed, name, report_json(counts_.at(key)));
      } else {
        batch.erase(store::Table::Keyed, name);
      }
    }
    changed_.clear();
  }
  if (batch.empty()) return;
  if (auto done = store_->write(batch, store::Durable::Later); !done) {
    log_.error("tls_tally_not_kept").field("why", done.error().text());
  }
}

void Tally::add(const Session& session) {
  if (session.policy.type.empty()) return;
  const auto since = std::max(session.when.time_since_epoch(), Duration(0));
  const TallyKey key(static_cast<std::uint64_t>(since / rules_.period),
                     session.domain.empty() ? session.policy.domain : session.domain);
  const std::lock_guard held(lock_);
  auto at = counts_.find(key);
  if (at == counts_.end()) {
    if (counts_.size() >= rules_.most) return;
    at = counts_.try_emplace(key).first;
    at->second.begin = begin_of(key.first);
    at->second.end = begin_of(key.first + 1) - std::chrono::seconds(1);
  }
  changed_[key] = true;
  auto& policies = at->second.policies;
  auto policy = std::ranges::find_if(
      policies, [&](const auto& each) { return is_same_policy(each, session.policy); });
  if (policy == policies.end()) {
    if (policies.size() >= rules_.most_policies) return;
    policy = policies.insert(policies.end(), session.policy);
  }
  if (session.failure.result.empty()) {
    ++policy->succeeded;
    return;
  }
  ++policy->failed;
  auto& details = policy->details;
  auto detail = std::ranges::find_if(
      details, [&](const auto& each) { return is_same_failure(each, session.failure); });
  if (detail == details.end()) {
    if (details.size() >= rules_.most_details) return;
    detail = details.insert(details.end(), session.failure);
  }
  ++detail->sessions;
}

std::vector<TallyKey> Tally::finished(Time time) const {
  const std::lock_guard held(lock_);
  std::vector<TallyKey> keys;
  for (const auto& [key, report] : counts_) {
    if (begin_of(key.first + 1) > time) break;
    keys.push_back(key);
  }
  return keys;
}

std::optional<TlsReport> Tally::report(const TallyKey& key) const {
  const std::lock_guard held(lock_);
  const auto at = counts_.find(key);
  return at == counts_.end() ? std::nullopt : std::optional(at->second);
}

void Tally::drop(const TallyKey& key) {
  const std::lock_guard held(lock_);
  counts_.erase(key);
  changed_[key] = false;
}

std::size_t Tally::size() const {
  const std::lock_guard held(lock_);
  return counts_.size();
}

}  // namespace outrider::report
