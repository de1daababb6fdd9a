// The TLS ledger: what was seen of the TLS of each host and domain, for all threads, across
// restarts. What a session changes, and what absence means, is trust/ledger.h's and
// trust/history.h's to say; here are the tables.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/store/store.h"
#include "outrider/store/write_behind.h"
#include "outrider/trust/decide.h"
#include "outrider/trust/ledger.h"

namespace outrider::policy {

struct LedgerRules {
  trust::HistoryRules history;
  Duration once = std::chrono::minutes(15);        ///< how long `plaintext-once` holds
  std::size_t most_hosts = 50000;                  ///< then the oldest make room
  std::size_t most_domains = 50000;                ///< likewise
  Duration write_after = std::chrono::seconds(1);  ///< what a crash may cost
};

/// Missing TLS that was there before.
struct Missing {
  trust::Absence absence;
  std::size_t gone = 0, known = 0;  ///< hosts of the domain without it now, and all that had it
};

/// What an operator says about TLS that a domain's hosts had, and do not have now.
enum class Ruling {
  PlaintextOnce,  ///< mail goes in clear for a short while; then it is missed again
  AcceptNew,      ///< it is not missed any more
  Keep            ///< the wait begins anew
};
std::string_view name(Ruling ruling);  ///< `plaintext-once`, …
std::optional<Ruling> ruling_named(std::string_view text);

struct Ruled {
  std::vector<std::string> missing;  ///< hosts of the domain whose TLS was missed
  std::optional<Time> until;         ///< that the ruling holds, or that is waited for now
};

/// Safe from any thread. Nothing but rule() waits for a disk: a thread of its own writes what
/// changed, and the rest when it is destroyed. Store and log outlive it.
class Ledger {
 public:
  /// `store` null: nothing outlives the process.
  Ledger(LedgerRules rules, store::Store* store, Log& log);
  Ledger(const Ledger&) = delete;

  /// Takes what the store holds. A record that cannot be read is forgotten, with a line in the
  /// log; an error is the store's.
  Result<void> load();
  /// Writes what changed since the last time. Now: all of it is on disk, else an error, which is
  /// logged as well.
  Result<void> flush(store::Durable durable = store::Durable::Later);

  std::vector<trust::News> secured(const trust::Sighting& sighting, const TlsFacts& facts);
  /// No TLS was to be had; nothing: it was not expected, or an operator released it. `handshake`:
  /// it was offered, and failed. `may_tell`: else another alarm tells of it.
  std::optional<Missing> missed(const trust::Sighting& sighting, std::string_view why,
                                bool handshake, bool may_tell = true);
  /// Whether TLS of `host` is expected, or was released by an operator, at `when`.
  trust::Past past(const std::string& host, const std::string& domain, Time when) const;
  /// Whether mail of `domain` that gets no TLS of `host` is to wait for it at `when`.
  bool waits(const std::string& host, const std::string& domain, Time when) const;

  /// An operator's ruling about missing TLS, which is logged, and kept with `who` gave it; a domain
  /// that is not known is an error. Waits for the disk: where that fails the ruling is in force,
  /// and the error says that it may not outlive the process.
  Result<Ruled> rule(const std::string& domain, Ruling ruling, const std::string& who, Time when);

  std::optional<trust::HostRecord> host(const std::string& host) const;
  std::optional<trust::DomainRecord> domain(const std::string& domain) const;
  /// All of them, in the order of their names.
  std::map<std::string, trust::DomainRecord> domains() const;
  std::size_t size() const;  ///< hosts

 private:
  template <class Record>
  struct Table {
    std::unordered_map<std::string, Record> records;
    std::unordered_set<std::string> changed, erased;

    Record& at(const std::string& key, std::size_t most);
    void erase(const std::string& key);
  };

  trust::DomainRecord& note(const trust::Sighting& sighting, const trust::Sessions& one);
  std::optional<Ruled> apply(const std::string& domain, Ruling ruling, const std::string& who,
                             Time when);
  trust::Past judge(const std::string& host, const std::string& domain, Time when) const;
  std::vector<std::string> missing_of(const trust::DomainRecord& domain) const;

  const LedgerRules rules_;
  store::Store* const store_;
  Log& log_;
  mutable std::mutex lock_;
  std::mutex writing_;
  Table<trust::HostRecord> hosts_;
  Table<trust::DomainRecord> domains_;
  std::optional<store::WriteBehind> writer_;
};

}  // namespace outrider::policy
