// The one writer of messages' records: turns operations into a batch, and a written batch into
// news for the shards. Used by the commit thread alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "outrider/base/log.h"
#include "outrider/queue/operation.h"
#include "outrider/queue/record.h"
#include "outrider/store/store.h"

namespace outrider::queue {

/// Of messages in the queue; written by the ledger, read by all.
struct Totals {
  std::atomic<std::uint64_t> messages{0}, bytes{0}, held{0}, for_tls{0};
};

/// Names in Table::Keyed.
constexpr std::string_view damaged_table = "damaged";  ///< message key: the record as it was found
constexpr std::string_view queue_table = "queue";
constexpr std::string_view ceiling_key = "ceiling";  ///< of ids, as text

class Ledger {
 public:
  Ledger(store::Store& store, const Options& options, Totals& totals, MessageId ceiling, Log& log);

  void apply(const Operation& operation);
  std::size_t bytes() const { return batch_.bytes(); }
  unsigned shards() const { return static_cast<unsigned>(mail_.size()); }
  /// Writes what was applied since the last call. Without an error, mail() is true; with one,
  /// nothing has happened.
  Result<void> write();
  /// For shard `at`; take it after write().
  std::vector<Mail>& mail(std::size_t at) { return mail_[at]; }
  bool unsynced() const { return unsynced_; }
  void synced() { unsynced_ = false; }
  /// Messages gone for good, whose content is in files. What is not synced could come back, and
  /// keeps its file.
  std::vector<MessageId> take_unneeded();

 private:
  struct Touched {
    Record record;
    bool dropped = false;
  };
  struct Removed {
    MessageId id;
    std::uint64_t size;
    const char* why;
  };

  void on(const Arrival& arrival);
  void on(const Abandoned& abandoned);
  void on(const Attempted& attempted);
  void on(const Operated& operated);
  void on(const Damaged& damaged);

  Record* load(MessageId id);
  bool record_outcomes(const Attempted& attempted, Record& record);
  void tell_of_attempt(const Attempted& attempted, const Record& record);
  bool operate(Action action, Record& record);
  void drop(Record& record, const char* why);
  void erase(MessageId id, const Content& content);
  void tell_all(Mail::Kind kind, MessageId id);
  void raise_ceiling(MessageId id);
  void begin();
  void take_effect();

  store::Store& store_;
  const Options& options_;
  Totals& totals_;
  Log& log_;
  std::minstd_rand random_;
  store::Batch batch_;
  std::unordered_map<std::uint64_t, Touched> touched_;
  std::vector<std::vector<Mail>> mail_;
  std::vector<Removed> removed_;
  std::vector<MessageId> filed_;     ///< of this batch: gone, with a file
  std::vector<MessageId> unneeded_;  ///< of those that are written
  MessageId ceiling_, next_ceiling_;
  std::int64_t messages_ = 0, bytes_ = 0, held_ = 0, for_tls_ = 0;  // differences
  bool needs_sync_ = false;
  bool unsynced_ = false;
};

}  // namespace outrider::queue
