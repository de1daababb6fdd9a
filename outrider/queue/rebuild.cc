// A start: the schedules from the records, without reading any content.
#include <algorithm>

#include "outrider/base/text.h"
#include "outrider/queue/core.h"
#include "outrider/store/keyed.h"

namespace outrider::queue {
namespace {

using store::Table;

struct Moment {
  Time time = now();
  Steady steady = steady_now();
};

// A time far off comes from a clock that was wrong: no wait is longer than the longest.
Steady due_of(const Record& record, const Group& group, Duration longest, const Moment& moment) {
  Time next = Time::max();
  for (const std::uint32_t at : group.recipients) next = std::min(next, record.progress[at].next);
  const Time last = moment.time + longest;
  return moment.steady + (std::clamp(next, moment.time, last) - moment.time);
}

void schedule(Core& core, const Record& record, Duration longest, const Moment& moment) {
  const auto groups =
      group_pending(record.envelope, core.options.destination_of, core.options.shards);
  for (const Group& group : groups) {
    Schedule& schedule = core.shards[group.shard]->schedule();
    schedule.add({.id = record.id,
                  .destination = schedule.destination(group.key),
                  .due = due_of(record, group, longest, moment),
                  .held = record.held},
                 moment.steady);
  }
  ++core.totals.messages;
  core.totals.bytes += record.envelope.size;
  if (record.held) ++core.totals.held;
  if (record.waits_for_tls()) ++core.totals.for_tls;
}

void put_away(Core& core, std::string_view key, std::string_view value, const std::string& why,
              store::Batch& batch) {
  core.log.error("queue")
      .field("record", printable(key))
      .field("error", why)
      .field("status", "put-away");
  batch.put(Table::Keyed, store::KeyedTable(*core.store, damaged_table).full_key(key), value);
  batch.erase(Table::Meta, key);
}

Result<MessageId> schedule_all(Core& core, store::Batch& batch) {
  const Moment moment;
  const Duration longest = longest_wait(core.options.retry);
  MessageId highest;
  auto cursor = core.store->scan(Table::Meta, {});
  for (; !cursor.at_end(); cursor.next()) {
    const auto id = message_of_key(cursor.key());
    if (!id) {
      put_away(core, cursor.key(), cursor.value(), "the key of no message", batch);
      continue;
    }
    highest = std::max(highest, *id);
    if (const auto record = decode(cursor.value(), *id))
      schedule(core, *record, longest, moment);
    else
      put_away(core, cursor.key(), cursor.value(), record.error().text(), batch);
  }
  if (auto status = cursor.status(); !status) return std::unexpected(status.error());
  return highest;
}

// Files of messages whose record never came, or is gone. That of a record which was put away stays
// with it.
Result<void> delete_orphans(Core& core) {
  const auto names = core.files.names();
  if (!names) return std::unexpected(names.error());
  const store::KeyedTable damaged(*core.store, damaged_table);
  for (const std::string& name : *names) {
    const auto id = MessageId::parse(name);
    if (!id) continue;
    const auto record = core.store->read(Table::Meta, message_key(*id));
    if (!record) return std::unexpected(record.error());
    const auto kept = damaged.read(message_key(*id));
    if (!kept) return std::unexpected(kept.error());
    if (*record || *kept) continue;
    if (auto erased = core.files.erase(name); !erased) return erased;
  }
  return {};
}

}  // namespace

Result<MessageId> rebuild(Core& core) {
  store::Batch batch = core.store->batch();
  auto highest = schedule_all(core, batch);
  if (!highest) return highest;
  if (!batch.empty()) {
    if (auto written = core.store->write(batch, store::Durable::Now); !written)
      return std::unexpected(written.error());
  }
  if (auto deleted = delete_orphans(core); !deleted) return std::unexpected(deleted.error());
  const auto ceiling = store::KeyedTable(*core.store, queue_table).read(ceiling_key);
  if (!ceiling) return std::unexpected(ceiling.error());
  if (!*ceiling) return *highest;
  const auto id = MessageId::parse(**ceiling);
  if (!id)
    return fail(Blame::Environment, "the record of the highest id is damaged",
                "docs/queue-format.md", core.options.path);
  return std::max(*highest, *id);
}

}  // namespace outrider::queue
