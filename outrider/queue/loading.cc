#include "outrider/queue/loading.h"

#include <algorithm>

namespace outrider::queue {
namespace {

constexpr auto disk_patience = std::chrono::minutes(1);

void regroup(Core& core, const Record& record, std::vector<Group> groups) {
  auto fresh = std::make_shared<Fresh>(core.bodies);
  fresh->id = record.id;
  fresh->groups = std::move(groups);
  for (std::uint32_t at = 0; at < fresh->groups.size(); ++at) {
    std::vector<Mail> mail(1);
    mail[0].id = record.id;
    mail[0].group = at;
    mail[0].fresh = fresh;
    core.shards[fresh->groups[at].shard]->deliver(std::move(mail));
  }
}

// The times on disk are of the wall's clock, which may have been set back since: whoever is
// earliest is due, since the schedule said that somebody is.
void choose_due(const Group& group, Job& job) {
  const auto& progress = job.record.progress;
  Time earliest = Time::max();
  for (const std::uint32_t at : group.recipients) earliest = std::min(earliest, progress[at].next);
  const Time limit = std::max(earliest, now());
  job.warned = true;
  for (const std::uint32_t at : group.recipients) {
    if (progress[at].next > limit) continue;
    job.recipients.push_back(at);
    job.attempts = std::max(job.attempts, progress[at].attempts);
    job.warned = job.warned && progress[at].warned;
  }
}

}  // namespace

Loading load(Core& core, const std::string& key, Job& job) {
  auto bytes = core.store->read(store::Table::Meta, message_key(job.id));
  if (!bytes) {
    core.log.error("queue").field("id", job.id.text()).field("error", bytes.error().text());
    return Loading::Failed;
  }
  if (!*bytes) return Loading::Gone;
  auto record = decode(**bytes, job.id);
  if (!record) {
    core.log.error("queue")
        .field("id", job.id.text())
        .field("error", record.error().text())
        .field("status", "put-away");
    core.committer->submit(Damaged{job.id});
    return Loading::Gone;
  }
  job.record = std::move(*record);
  auto groups =
      group_pending(job.record.envelope, core.options.destination_of, core.options.shards);
  const auto ours = std::ranges::find(groups, key, &Group::key);
  if (ours == groups.end()) {
    regroup(core, job.record, std::move(groups));
    return Loading::Gone;
  }
  choose_due(*ours, job);
  return Loading::Found;
}

Result<std::optional<std::string>> read_chunk(const Core& core, MessageId id,
                                              const Content& content, std::uint32_t number) {
  if (content.in_file) return core.files.read(id.text(), number);
  return core.store->read(store::Table::Body, chunk_key(id, number));
}

bool claimed_after(Shard& shard, Loading loading, const Job& job) {
  Schedule& schedule = shard.schedule();
  const Steady now = steady_now();
  const bool ours = schedule.is_claimed(job.id, job.destination);
  if (ours && loading == Loading::Found) return true;
  if (loading == Loading::Gone)
    schedule.gone(job.id, job.destination);
  else if (loading == Loading::Failed)
    schedule.again(job.id, job.destination, now + disk_patience, now);
  else
    schedule.give_back(job.id, job.destination);  // held meanwhile
  shard.changed();
  return false;
}

}  // namespace outrider::queue
