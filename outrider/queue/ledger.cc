#include "outrider/queue/ledger.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "outrider/queue/id_source.h"
#include "outrider/store/keyed.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;
using store::Table;

// Kept of what a next hop said; more would only make the record large.
constexpr std::size_t longest_reply = 1024;

void record_outcome(const Outcome& outcome, const Retry& retry, Time at, std::minstd_rand& random,
                    Record& record) {
  mail::Recipient& recipient = record.envelope.recipients[outcome.recipient];
  Progress& progress = record.progress[outcome.recipient];
  recipient.status = outcome.status;
  recipient.reply = outcome.reply.substr(0, longest_reply);
  recipient.remote = outcome.remote.substr(0, longest_reply);
  ++progress.attempts;
  progress.for_tls = outcome.for_tls;
  if (outcome.status == RecipientStatus::Pending)
    progress.next = at + backoff(retry, progress.attempts, random);
}

}  // namespace

Ledger::Ledger(store::Store& store, const Options& options, Totals& totals, MessageId ceiling,
               Log& log)
    : store_(store),
      options_(options),
      totals_(totals),
      log_(log),
      random_(std::random_device()()),
      batch_(store.batch()),
      mail_(std::max(options.shards, 1u)),
      ceiling_(ceiling),
      next_ceiling_(ceiling) {}

void Ledger::apply(const Operation& operation) {
  std::visit([this](const auto& each) { on(each); }, operation);
}

void Ledger::on(const Arrival& arrival) {
  const Fresh& fresh = *arrival.fresh;
  const std::string_view body = fresh.body;
  for (std::uint32_t number = 0; number * chunk_bytes < body.size(); ++number) {
    batch_.put(Table::Body, chunk_key(fresh.id, number),
               body.substr(number * chunk_bytes, chunk_bytes));
  }
  batch_.put(Table::Meta, message_key(fresh.id), arrival.record);
  raise_ceiling(fresh.id);
  needs_sync_ = true;
  ++messages_;
  bytes_ += static_cast<std::int64_t>(fresh.envelope.size);
  for (std::uint32_t at = 0; at < fresh.groups.size(); ++at) {
    Mail mail{.id = fresh.id, .group = at, .fresh = arrival.fresh};
    mail.in_memory = arrival.in_memory;
    mail_[fresh.groups[at].shard].push_back(std::move(mail));
  }
}

// A write that failed may have reached the log all the same: the record goes, too.
void Ledger::on(const Abandoned& abandoned) { erase(abandoned.id, abandoned.content); }

void Ledger::on(const Attempted& attempted) {
  Record* record = load(attempted.id);
  // Removed while it was claimed: what became of the attempt concerns nobody any more.
  if (!record || !record_outcomes(attempted, *record)) {
    Mail mail{.kind = Mail::Kind::Gone, .id = attempted.id};
    mail.destination = attempted.destination;
    mail_[attempted.shard].push_back(std::move(mail));
    return;
  }
  for (const Arrival& notice : attempted.notices) on(notice);
  if (!record->pending()) drop(*record, "done");
  tell_of_attempt(attempted, *record);
}

// False where none of the recipients was waiting: the attempt is none of ours.
bool Ledger::record_outcomes(const Attempted& attempted, Record& record) {
  const auto waits = [&](std::uint32_t at) {
    return at < record.progress.size() &&
           record.envelope.recipients[at].status == RecipientStatus::Pending;
  };
  if (std::ranges::none_of(attempted.recipients, waits)) return false;
  const bool before = record.waits_for_tls();
  for (const Outcome& outcome : attempted.outcomes) {
    const bool claimed = std::ranges::binary_search(attempted.recipients, outcome.recipient);
    assert(claimed);
    if (claimed && waits(outcome.recipient))
      record_outcome(outcome, options_.retry, attempted.at, random_, record);
  }
  for (const std::uint32_t at : attempted.recipients) {
    if (waits(at) && attempted.warned) record.progress[at].warned = true;
  }
  for_tls_ += record.waits_for_tls() - before;
  return true;
}

void Ledger::tell_of_attempt(const Attempted& attempted, const Record& record) {
  Mail mail{.kind = Mail::Kind::Gone, .id = attempted.id};
  mail.destination = attempted.destination;
  Time next = Time::max();
  for (const std::uint32_t at : attempted.recipients) {
    if (record.envelope.recipients[at].status != RecipientStatus::Pending) continue;
    mail.kind = Mail::Kind::Again;
    next = std::min(next, record.progress[at].next);
  }
  if (mail.kind == Mail::Kind::Again)
    mail.due = steady_now() + std::max(next - attempted.at, Duration::zero());
  mail_[attempted.shard].push_back(std::move(mail));
}

void Ledger::on(const Operated& operated) {
  for (const MessageId id : operated.ids) {
    Record* record = load(id);
    if (record && operate(operated.action, *record) && operated.count) ++*operated.count;
  }
}

bool Ledger::operate(Action action, Record& record) {
  switch (action) {
    case Action::Hold:
      if (std::exchange(record.held, true)) return false;
      ++held_;
      tell_all(Mail::Kind::Hold, record.id);
      return true;
    case Action::Release:
      if (!std::exchange(record.held, false)) return false;
      --held_;
      tell_all(Mail::Kind::Release, record.id);
      return true;
    case Action::Retry:
      if (record.held) return false;
      tell_all(Mail::Kind::Retry, record.id);
      return true;
    case Action::Remove:
      drop(record, "operator");
      tell_all(Mail::Kind::Remove, record.id);
      return true;
  }
  return false;
}

void Ledger::on(const Damaged& damaged) {
  const std::string key = message_key(damaged.id);
  const auto found = store_.read(Table::Meta, key);
  if (!found || !*found) return;
  batch_.put(Table::Keyed, store::KeyedTable(store_, damaged_table).full_key(key), **found);
  batch_.erase(Table::Meta, key);
  --messages_;
  tell_all(Mail::Kind::Remove, damaged.id);
}

// The record as this batch has it so far. Null: no such message, or one that cannot be read.
Record* Ledger::load(MessageId id) {
  if (const auto known = touched_.find(id.value); known != touched_.end())
    return known->second.dropped ? nullptr : &known->second.record;
  const auto bytes = store_.read(Table::Meta, message_key(id));
  if (!bytes) log_.error("queue").field("id", id.text()).field("error", bytes.error().text());
  if (!bytes || !*bytes) return nullptr;
  auto record = decode(**bytes, id);
  if (!record) {
    log_.error("queue").field("id", id.text()).field("error", record.error().text());
    return nullptr;
  }
  return &touched_.emplace(id.value, Touched{std::move(*record), false}).first->second.record;
}

void Ledger::drop(Record& record, const char* why) {
  touched_.at(record.id.value).dropped = true;
  --messages_;
  bytes_ -= static_cast<std::int64_t>(record.envelope.size);
  if (record.held) --held_;
  if (record.waits_for_tls()) --for_tls_;
  removed_.push_back({record.id, record.envelope.size, why});
}

void Ledger::erase(MessageId id, const Content& content) {
  batch_.erase(Table::Meta, message_key(id));
  if (content.in_file) return filed_.push_back(id);
  for (std::uint32_t number = 0; number < content.chunks; ++number)
    batch_.erase(Table::Body, chunk_key(id, number));
}

void Ledger::tell_all(Mail::Kind kind, MessageId id) {
  for (auto& mail : mail_) mail.push_back(Mail{.kind = kind, .id = id});
}

void Ledger::raise_ceiling(MessageId id) {
  // Half a lease is left at least: the ids given out meanwhile are below it.
  const std::uint64_t lease = IdSource::ceiling_above(id).value - id.value;
  if (id.value + lease / 2 < next_ceiling_.value) return;
  next_ceiling_ = IdSource::ceiling_above(id);
  batch_.put(Table::Keyed, store::KeyedTable(store_, queue_table).full_key(ceiling_key),
             next_ceiling_.text());
}

Result<void> Ledger::write() {
  for (const auto& [id, touched] : touched_) {
    if (touched.dropped)
      erase({id}, touched.record.content);
    else
      batch_.put(Table::Meta, message_key({id}), encode(touched.record));
  }
  Result<void> written;
  if (!batch_.empty()) {
    const auto durable = needs_sync_ ? store::Durable::Now : store::Durable::Later;
    written = store_.write(batch_, durable);
    if (written) unsynced_ = !needs_sync_;
  }
  if (written)
    take_effect();
  else
    for (auto& mail : mail_) mail.clear();
  begin();
  return written;
}

void Ledger::take_effect() {
  ceiling_ = next_ceiling_;
  unneeded_.insert(unneeded_.end(), filed_.begin(), filed_.end());
  totals_.messages += static_cast<std::uint64_t>(messages_);
  totals_.bytes += static_cast<std::uint64_t>(bytes_);
  totals_.held += static_cast<std::uint64_t>(held_);
  totals_.for_tls += static_cast<std::uint64_t>(for_tls_);
  for (const Removed& removed : removed_) {
    log_.info("removed")
        .field("id", removed.id.text())
        .field("size", removed.size)
        .field("why", removed.why);
  }
}

std::vector<MessageId> Ledger::take_unneeded() {
  return unsynced_ ? std::vector<MessageId>() : std::exchange(unneeded_, {});
}

void Ledger::begin() {
  batch_.clear();
  touched_.clear();
  removed_.clear();
  filed_.clear();
  next_ceiling_ = ceiling_;
  messages_ = bytes_ = held_ = for_tls_ = 0;
  needs_sync_ = false;
}

}  // namespace outrider::queue
