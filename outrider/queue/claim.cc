// A job in the hands of who delivers it.
#include <algorithm>
#include <cassert>
#include <utility>

#include "outrider/queue/core.h"
#include "outrider/queue/loading.h"

namespace outrider::queue {
namespace {

class Delivery final : public Claim {
 public:
  Delivery(std::shared_ptr<Core> core, Job job) : core_(std::move(core)), job_(std::move(job)) {
    core_->active.enter(job_.id);
  }

  ~Delivery() override {
    core_->active.leave(job_.id);
    if (finished_) return;
    Shard& shard = *core_->shards[job_.shard];
    shard.schedule().give_back(job_.id, job_.destination);
    shard.changed();
  }

  MessageId id() const override { return job_.id; }
  const mail::Envelope& envelope() const override {
    return job_.fresh ? job_.fresh->envelope : job_.record.envelope;
  }
  const std::vector<std::uint32_t>& recipients() const override { return job_.recipients; }
  unsigned attempts() const override { return job_.attempts; }
  bool asked_for() const override { return job_.asked; }

  awaitable<Result<std::string_view>> read() override {
    if (job_.fresh && !job_.fresh->body.empty()) {
      const std::string_view body = job_.fresh->body;
      const auto from = std::min<std::size_t>(next_chunk_++ * chunk_bytes, body.size());
      co_return body.substr(from, chunk_bytes);
    }
    const Content& content = job_.fresh ? job_.fresh->content : job_.record.content;
    if (next_chunk_ >= content.chunks) co_return std::string_view();
    Result<std::optional<std::string>> found;
    auto work = [&] { found = read_chunk(*core_, job_.id, content, next_chunk_); };
    co_await on_pool(core_->readers, work);
    if (!found) co_return std::unexpected(found.error());
    if (!*found) co_return no_chunk();
    ++next_chunk_;
    chunk_ = std::move(**found);
    co_return std::string_view(chunk_);
  }

  void rewind() override { next_chunk_ = 0; }

  Fate fate(Time now, bool for_tls) const override {
    const Lateness lateness{envelope().arrived, envelope().reverse_path.is_null(), job_.warned,
                            for_tls};
    return fate_of(core_->options.retry, lateness, now);
  }

  void finish(std::vector<Outcome> outcomes, std::vector<Draft> notices,
              bool delay_notice_sent) override {
    assert(!finished_);
    finished_ = true;
    Attempted attempted;
    attempted.id = job_.id;
    attempted.shard = job_.shard;
    attempted.destination = job_.destination;
    attempted.recipients = std::move(job_.recipients);
    attempted.outcomes = std::move(outcomes);
    attempted.warned = delay_notice_sent;
    attempted.at = now();
    for (Draft& draft : notices) attempted.notices.push_back(arrival_of(std::move(draft)));
    core_->committer->submit(std::move(attempted));
  }

 private:
  // A message whose content is not whole is not delivered: held, for a person to look at.
  std::unexpected<Error> no_chunk() {
    core_->log.error("queue")
        .field("id", job_.id.text())
        .field("error", "content is missing")
        .field("chunk", next_chunk_)
        .field("status", "held");
    Operated hold;
    hold.ids = {job_.id};
    core_->committer->submit(std::move(hold));
    return fail(Blame::Environment, "a part of the content is missing", {}, job_.id.text());
  }

  Arrival arrival_of(Draft draft) {
    draft.envelope.size = draft.content.size();
    return make_arrival(*core_, core_->ids->next(now()), std::move(draft.envelope),
                        std::move(draft.content));
  }

  std::shared_ptr<Core> core_;
  Job job_;
  std::string chunk_;
  std::uint32_t next_chunk_ = 0;
  bool finished_ = false;
};

}  // namespace

awaitable<std::unique_ptr<Claim>> make_claim(std::shared_ptr<Core> core, std::uint32_t number,
                                             DestinationId destination) {
  Shard& shard = *core->shards[number];
  while (!shard.stopped()) {
    auto taken = shard.schedule().take(destination, steady_now());
    shard.changed();
    if (!taken) break;
    Job job;
    job.id = taken->id;
    job.shard = number;
    job.destination = destination;
    job.asked = taken->asked;
    if (taken->fresh) {
      job.recipients = taken->fresh->groups[taken->group].recipients;
      job.fresh = std::move(taken->fresh);
      co_return std::make_unique<Delivery>(std::move(core), std::move(job));
    }
    const std::string key = shard.schedule().key(destination);
    Loading loading = Loading::Gone;
    auto work = [&] { loading = load(*core, key, job); };
    co_await on_pool(core->readers, work);
    if (shard.stopped()) break;
    if (claimed_after(shard, loading, job))
      co_return std::make_unique<Delivery>(std::move(core), std::move(job));
  }
  co_return nullptr;
}

}  // namespace outrider::queue
