#include "outrider/queue/queue.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "outrider/queue/core.h"

namespace outrider::queue {

Core::Core(Options given, std::unique_ptr<store::Store> opened, store::Files beside, Log& to)
    : options(std::move(given)),
      log(to),
      store(std::move(opened)),
      files(std::move(beside)),
      bodies(std::make_shared<Budget>(options.body_memory)),
      arriving(arriving_bytes),
      room(*store, options.least_free_bytes, options.free_bytes, log) {
  for (unsigned at = 0; at < options.shards; ++at) shards.push_back(std::make_shared<Shard>());
}

void Core::close() {
  closed = true;
  for (const auto& shard : shards) shard->stop();
  committer->finish();
  readers.join();
  writers.join();
  ledger.reset();
  store.reset();
}

void discard_files(Core& core, std::vector<MessageId> ids) {
  boost::asio::post(core.writers, [&core, ids = std::move(ids)] {
    for (const MessageId id : ids) {
      if (const auto erased = core.files.erase(id.text()); !erased)
        core.log.error("queue").field("id", id.text()).field("error", erased.error().text());
    }
  });
}

namespace {

class DiskQueue final : public Queue {
 public:
  explicit DiskQueue(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~DiskQueue() override { core_->close(); }

  bool accepting() const override { return core_->room.open(); }
  std::unique_ptr<Incoming> begin() override { return make_incoming(core_); }

  void attach(unsigned shard, boost::asio::any_io_executor executor,
              std::function<void(DestinationId, const std::string& key)> due) override {
    assert(shard < core_->shards.size());
    core_->shards[shard]->attach(std::move(executor), std::move(due));
  }
  awaitable<std::unique_ptr<Claim>> claim(unsigned shard, DestinationId destination) override {
    assert(shard < core_->shards.size());
    return make_claim(core_, shard, destination);
  }
  void postpone(unsigned shard, DestinationId destination, Steady until) override {
    assert(shard < core_->shards.size());
    Shard& at = *core_->shards[shard];
    at.schedule().postpone(destination, until, steady_now());
    at.changed();
  }

  Counts counts() const override {
    Counts counts;
    counts.messages = core_->totals.messages;
    counts.held = core_->totals.held;
    counts.for_tls = core_->totals.for_tls;
    counts.bytes = core_->totals.bytes;
    for (const auto& shard : core_->shards) {
      counts.active += shard->claimed();
      counts.deferred += shard->waiting();
    }
    return counts;
  }
  awaitable<Result<std::vector<Item>>> list(Filter filter, MessageId after,
                                            std::size_t limit) override {
    return list_items(core_, std::move(filter), after, limit);
  }
  awaitable<Result<std::string>> content(MessageId id, std::size_t limit) override {
    return read_content(core_, id, limit);
  }
  awaitable<Result<std::uint64_t>> apply(Action action, Filter filter) override {
    return apply_action(core_, action, std::move(filter));
  }
  void stop() override {
    for (const auto& shard : core_->shards) shard->stop();
  }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Queue>> Queue::open(Options options, Log& log) {
  assert(options.destination_of);
  options.shards = std::max(options.shards, 1u);
  store::Options place;
  place.path = options.path;
  auto store = store::Store::open(place);
  if (!store) return std::unexpected(store.error());

  if (!(*store)->cut().empty())
    log.error("queue")
        .field("path", options.path)
        .field("status", "log-cut")
        .field("error", (*store)->cut());
  auto files = store::Files::open(options.path + "/content");
  if (!files) return std::unexpected(files.error());

  auto core = std::make_shared<Core>(std::move(options), std::move(*store), std::move(*files), log);
  const auto floor = rebuild(*core);
  if (!floor) return std::unexpected(floor.error());
  core->ids = std::make_unique<IdSource>(*floor);
  core->ledger = std::make_unique<Ledger>(*core->store, core->options, core->totals, *floor, log);
  core->room.check();
  auto post = [shards = core->shards](unsigned shard, std::vector<Mail> mail) {
    shards[shard]->deliver(std::move(mail));
  };
  auto discard = [&core = *core](std::vector<MessageId> ids) {
    discard_files(core, std::move(ids));
  };
  core->committer = std::make_unique<Committer>(*core->store, *core->ledger, core->room,
                                                std::move(post), std::move(discard), log);
  return std::make_unique<DiskQueue>(std::move(core));
}

}  // namespace outrider::queue
