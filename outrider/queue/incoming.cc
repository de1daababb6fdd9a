// A message on its way in: small ones wait in memory for their record, large ones go ahead in
// chunks, so that memory is bounded whatever a message's size.
#include <algorithm>
#include <utility>

#include "outrider/queue/core.h"

namespace outrider::queue {
namespace {

// With the budget of all messages used up, content goes to disk in chunks of this size.
constexpr std::size_t least_chunk = 16 << 10;
constexpr std::size_t first_room = 4 << 10;

class Part final : public Incoming {
 public:
  explicit Part(std::shared_ptr<Core> core)
      : core_(std::move(core)), id_(core_->ids->next(now())) {}

  ~Part() override {
    core_->arriving.give(counted_);
    if (chunks_ > 0 && !exists_) core_->committer->submit(Abandoned{id_, chunks_});
  }

  awaitable<Result<void>> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t limit = core_->arriving.over() ? least_chunk : chunk_bytes;
      if (buffer_.size() >= limit) {
        if (auto sent = co_await send(); !sent) co_return sent;
        continue;
      }
      const std::size_t part = std::min(bytes.size(), limit - buffer_.size());
      if (buffer_.capacity() == 0) buffer_.reserve(std::max(part, first_room));
      buffer_.append(bytes.substr(0, part));
      bytes.remove_prefix(part);
      size_ += part;
      count();
    }
    co_return Result<void>();
  }

  awaitable<Result<MessageId>> commit(mail::Envelope envelope) override {
    Arrival arrival = make_arrival(std::move(envelope));
    chunks_ = arrival.fresh->chunks;
    exists_ = true;
    const auto result = co_await written(*core_, arrival);
    exists_ = result.has_value();
    if (!result) co_return std::unexpected(result.error());
    co_return id_;
  }

  MessageId id() const override { return id_; }

 private:
  void count() {
    const std::size_t holds = buffer_.capacity();
    if (holds == counted_) return;
    core_->arriving.give(counted_);
    core_->arriving.take(holds);
    counted_ = holds;
  }

  awaitable<Result<void>> send() {
    if (!core_->room.open())
      co_return fail(Blame::Environment, "no room for more of the message", "queue.least_free",
                     core_->options.path);
    Chunk chunk;
    chunk.id = id_;
    chunk.number = chunks_++;
    chunk.bytes = std::exchange(buffer_, {});
    auto result = co_await written(*core_, chunk);
    count();
    co_return result;
  }

  Arrival make_arrival(mail::Envelope envelope) {
    auto fresh = std::make_shared<Fresh>(core_->bodies);
    fresh->id = id_;
    fresh->envelope = std::move(envelope);
    fresh->envelope.size = size_;
    if (fresh->envelope.arrived == Time{}) fresh->envelope.arrived = now();
    fresh->chunks = chunks_ + (buffer_.empty() ? 0 : 1);
    fresh->groups =
        group_pending(fresh->envelope, core_->options.destination_of, core_->options.shards);
    Arrival arrival;
    arrival.record = encode_new(id_, fresh->chunks, fresh->envelope);
    arrival.has_draft = chunks_ > 0;
    if (arrival.has_draft)
      arrival.tail = std::move(buffer_);
    else
      fresh->body = std::move(buffer_);
    buffer_ = {};
    fresh->count();
    count();
    arrival.in_memory = !core_->bodies->over();
    arrival.fresh = std::move(fresh);
    return arrival;
  }

  std::shared_ptr<Core> core_;
  const MessageId id_;
  std::string buffer_;
  std::size_t counted_ = 0;  ///< of the buffer in core_->arriving
  std::uint64_t size_ = 0;
  std::uint32_t chunks_ = 0;  ///< handed over
  bool exists_ = false;       ///< or may: its record is on its way
};

}  // namespace

std::unique_ptr<Incoming> make_incoming(std::shared_ptr<Core> core) {
  return std::make_unique<Part>(std::move(core));
}

}  // namespace outrider::queue
