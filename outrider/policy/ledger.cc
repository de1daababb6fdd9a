#include "outrider/policy/ledger.h"

#include <algorithm>
#include <array>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/policy/ledger_record.h"
#include "outrider/store/keyed.h"

namespace outrider::policy {
namespace {

using trust::DomainRecord, trust::HostRecord, trust::Sighting;

constexpr Duration unseen = std::chrono::days(90);  // then a record is dropped at the next start

bool is_missing(const HostRecord& record) { return record.tls.gone.has_value(); }

constexpr std::array rulings{std::pair{Ruling::PlaintextOnce, std::string_view{"plaintext-once"}},
                             std::pair{Ruling::AcceptNew, std::string_view{"accept-new"}},
                             std::pair{Ruling::Keep, std::string_view{"keep"}}};

}  // namespace

std::string_view name(Ruling ruling) { return rulings[static_cast<std::size_t>(ruling)].second; }

std::optional<Ruling> ruling_named(std::string_view text) {
  for (const auto& [ruling, word] : rulings) {
    if (word == text) return ruling;
  }
  return std::nullopt;
}

// Those that were seen longest ago go, some at a time, so that a flood of new ones is not a search
// for each.
template <class Record>
Record& Ledger::Table<Record>::at(const std::string& key, std::size_t most) {
  changed.insert(key);
  const auto found = records.find(key);
  if (found != records.end()) return found->second;
  if (records.size() >= most) {
    std::vector<Time> times;
    times.reserve(records.size());
    for (const auto& [name, record] : records) times.push_back(record.last);
    const auto last_to_go = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 16);
    std::ranges::nth_element(times, last_to_go);
    std::vector<std::string> old;
    for (const auto& [name, record] : records) {
      if (record.last <= *last_to_go) old.push_back(name);
    }
    for (const auto& name : old) erase(name);
    changed.insert(key);
  }
  erased.erase(key);
  return records[key];
}

template <class Record>
void Ledger::Table<Record>::erase(const std::string& key) {
  records.erase(key);
  changed.erase(key);
  erased.insert(key);
}

Ledger::Ledger(LedgerRules rules, store::Store* store, Log& log)
    : rules_(rules), store_(store), log_(log) {
  if (store_ != nullptr)
    writer_.emplace(rules_.write_after, [this] { static_cast<void>(flush()); });
}

Result<void> Ledger::load() {
  if (store_ == nullptr) return {};
  const std::lock_guard held(lock_);
  const auto oldest = now() - std::max(unseen, rules_.history.memory);
  const auto load_table = [&](auto& table, std::string_view name, auto read) {
    return store::KeyedTable(*store_, name).scan("", [&](auto key, auto value) {
      auto record = read(value);
      const std::string named(key);
      if (!record) {
        log_.warning("tls_record_damaged").field("table", name).field("key", key);
        table.erase(named);
      } else if (record->last < oldest) {
        table.erase(named);
      } else {
        table.records.emplace(named, std::move(*record));
      }
      return true;
    });
  };
  if (auto loaded = load_table(hosts_, host_table, read_host_record); !loaded) return loaded;
  return load_table(domains_, domain_table, read_domain_record);
}

// Mostly without a sync of its own: what a power cut takes is seen again.
Result<void> Ledger::flush(store::Durable durable) {
  if (store_ == nullptr) return {};
  const std::lock_guard writing(writing_);  // an older record must not overwrite a newer one
  store::Batch batch = store_->batch();
  {
    const std::lock_guard held(lock_);
    const auto add = [&](auto& table, std::string_view name) {
      const store::KeyedTable keyed(*store_, name);
      for (const auto& key : table.changed) {
        batch.put(store::Table::Keyed, keyed.full_key(key), write_record(table.records.at(key)));
      }
      for (const auto& key : table.erased) {
        batch.erase(store::Table::Keyed, keyed.full_key(key));
      }
      table.changed.clear();
      table.erased.clear();
    };
    add(hosts_, host_table);
    add(domains_, domain_table);
  }
  if (batch.empty() && durable == store::Durable::Later) return {};
  // What is not here any more may have been written without a sync.
  auto written = batch.empty() ? store_->sync() : store_->write(batch, durable);
  if (!written) log_.error("tls_records_not_kept").field("why", written.error().text());
  return written;
}

DomainRecord& Ledger::note(const Sighting& sighting, const trust::Sessions& one) {
  DomainRecord& domain = domains_.at(sighting.domain, rules_.most_domains);
  trust::seen(domain, sighting, one);
  return domain;
}

std::vector<trust::News> Ledger::secured(const Sighting& sighting, const TlsFacts& facts) {
  const std::lock_guard held(lock_);
  const bool verified = facts.peer == PeerCheck::Verified;
  DomainRecord& domain =
      note(sighting, {.verified = verified ? 1U : 0U, .unverified = verified ? 0U : 1U});
  trust::end_lack(domain, sighting.host);
  return trust::secured(hosts_.at(sighting.host, rules_.most_hosts), sighting, facts);
}

std::optional<Missing> Ledger::missed(const Sighting& sighting, std::string_view why,
                                      bool handshake, bool may_tell) {
  const std::lock_guard held(lock_);
  HostRecord& record = hosts_.at(sighting.host, rules_.most_hosts);
  trust::missed(record, sighting, why, handshake);
  DomainRecord& domain = note(sighting, {.without = 1});
  if (trust::judge(&record.tls, false, sighting.when, rules_.history) == trust::Change::AsBefore) {
    record.tls.gone.reset();  // it expired, or never was
    return std::nullopt;
  }
  record.tls.gone = std::min(record.tls.gone.value_or(sighting.when), sighting.when);
  if (trust::is_released(domain, sighting.host, record.tls, sighting.when)) return std::nullopt;
  trust::Lack& lack = trust::lack_of(domain, sighting.host, record.tls, sighting.when);
  Missing missing;
  missing.absence = trust::miss(lack, record.tls, sighting.when, rules_.history, may_tell);
  for (const auto& each : domain.hosts) {
    const auto at = hosts_.records.find(each);
    if (at == hosts_.records.end()) continue;
    if (!trust::is_fresh(at->second.tls, sighting.when, rules_.history)) continue;
    ++missing.known;
    if (is_missing(at->second)) ++missing.gone;
  }
  return missing;
}

trust::Past Ledger::past(const std::string& host, const std::string& domain, Time when) const {
  const std::lock_guard held(lock_);
  return judge(host, domain, when);
}

bool Ledger::waits(const std::string& host, const std::string& domain, Time when) const {
  const std::lock_guard held(lock_);
  if (judge(host, domain, when) != trust::Past::HadTls) return false;
  Time since = when;
  if (const auto of = domains_.records.find(domain); of != domains_.records.end()) {
    const auto& tls = hosts_.records.at(host).tls;
    if (const auto* lack = trust::find_lack(of->second, host, tls)) since = lack->since;
  }
  return when < since + rules_.history.wait;
}

trust::Past Ledger::judge(const std::string& host, const std::string& domain, Time when) const {
  const auto at = hosts_.records.find(host);
  if (at == hosts_.records.end() || !trust::is_fresh(at->second.tls, when, rules_.history)) {
    return trust::Past::Unknown;
  }
  const auto of = domains_.records.find(domain);
  const bool released =
      of != domains_.records.end() && trust::is_released(of->second, host, at->second.tls, when);
  return released ? trust::Past::Released : trust::Past::HadTls;
}

std::vector<std::string> Ledger::missing_of(const DomainRecord& domain) const {
  std::vector<std::string> missing;
  for (const auto& host : domain.hosts) {
    const auto at = hosts_.records.find(host);
    if (at != hosts_.records.end() && is_missing(at->second)) missing.push_back(host);
  }
  return missing;
}

Result<Ruled> Ledger::rule(const std::string& domain, Ruling ruling, const std::string& who,
                           Time when) {
  auto ruled = apply(domain, ruling, who, when);
  if (!ruled) return fail(Blame::Operator, "nothing is known of the TLS of " + printable(domain));
  log_.info("tls ruled").field("domain", domain).field("ruling", name(ruling)).field("who", who);
  if (auto kept = flush(store::Durable::Now); !kept) {
    return fail(Blame::Environment,
                "the ruling is in force, but a restart may forget it: " + kept.error().text());
  }
  return std::move(*ruled);
}

std::optional<Ruled> Ledger::apply(const std::string& domain, Ruling ruling, const std::string& who,
                                   Time when) {
  const std::lock_guard held(lock_);
  const auto of = domains_.records.find(domain);
  if (of == domains_.records.end()) return std::nullopt;
  Ruled ruled;
  ruled.missing = missing_of(of->second);
  for (const auto& host : ruled.missing) {
    trust::Lack& lack = trust::lack_of(of->second, host, hosts_.records.at(host).tls, when);
    lack.accepted = ruling == Ruling::AcceptNew;
    if (ruling == Ruling::Keep) lack.since = when;
  }
  auto& clear_until = of->second.clear_until;
  clear_until = ruling == Ruling::PlaintextOnce ? when + rules_.once : Time{};
  if (ruling == Ruling::PlaintextOnce) ruled.until = clear_until;
  if (ruling == Ruling::Keep) ruled.until = when + rules_.history.wait;
  domains_.changed.insert(domain);
  trust::add_word(of->second, {when, who, std::string(name(ruling))});
  return ruled;
}

std::optional<HostRecord> Ledger::host(const std::string& host) const {
  const std::lock_guard held(lock_);
  const auto at = hosts_.records.find(host);
  return at == hosts_.records.end() ? std::nullopt : std::optional(at->second);
}

std::optional<DomainRecord> Ledger::domain(const std::string& domain) const {
  const std::lock_guard held(lock_);
  const auto at = domains_.records.find(domain);
  return at == domains_.records.end() ? std::nullopt : std::optional(at->second);
}

std::map<std::string, DomainRecord> Ledger::domains() const {
  const std::lock_guard held(lock_);
  return {domains_.records.begin(), domains_.records.end()};
}

std::size_t Ledger::size() const {
  const std::lock_guard held(lock_);
  return hosts_.records.size();
}

}  // namespace outrider::policy
