// A message on its way in: a small one waits in memory for its record, a large one goes ahead into
// a file, so that memory is bounded whatever a message's size.
#include <algorithm>
#include <utility>

#include "outrider/queue/core.h"

namespace outrider::queue {
namespace {

// With the budget of all messages used up, content goes to disk in parts of this size.
constexpr std::size_t least_part = 16 << 10;
constexpr std::size_t first_room = 4 << 10;

std::uint32_t chunks_of(std::uint64_t size) {
  return static_cast<std::uint32_t>((size + chunk_bytes - 1) / chunk_bytes);
}

class Part final : public Incoming {
 public:
  explicit Part(std::shared_ptr<Core> core)
      : core_(std::move(core)), id_(core_->ids->next(now())) {}

  ~Part() override {
    core_->arriving.give(counted_);
    if (exists_) return;
    if (tried_)
      core_->committer->submit(Abandoned{id_, *tried_});
    else if (file_)
      discard_files(*core_, {id_});
  }

  awaitable<Result<void>> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t limit = core_->arriving.over() ? least_part : chunk_bytes;
      if (buffer_.size() >= limit) {
        if (auto written = co_await write_out(false); !written) co_return written;
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
    if (file_) {
      if (auto whole = co_await write_out(true); !whole) co_return std::unexpected(whole.error());
    }
    envelope.size = size_;
    Arrival arrival = make_arrival(*core_, id_, std::move(envelope), std::exchange(buffer_, {}));
    count();
    tried_ = arrival.fresh->content;
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

  awaitable<Result<void>> write_out(bool last) {
    Result<void> result;
    auto work = [&] { result = write_file(last); };
    if (core_->closed) co_return fail(Blame::Environment, "the queue is closed");
    co_await on_pool(core_->writers, work);
    buffer_.clear();
    if (last || core_->arriving.over()) buffer_.shrink_to_fit();
    count();
    co_return result;
  }

  // On a writer's thread. The peer will hear that it failed, the operator why.
  Result<void> write_file(bool last) {
    if (!core_->room.open() || !core_->room.has_space())
      return fail(Blame::Environment, "no room for more of the message", "queue.least_free",
                  core_->options.path);
    auto written = append_to_file(last);
    if (!written)
      core_->log.error("queue").field("id", id_.text()).field("error", written.error().text());
    return written;
  }

  Result<void> append_to_file(bool last) {
    if (!file_) {
      auto made = core_->files.create(id_.text());
      if (!made) return std::unexpected(made.error());
      file_ = std::move(*made);
    }
    if (auto appended = file_->append(buffer_); !appended) return appended;
    return last ? file_->sync() : Result<void>();
  }

  std::shared_ptr<Core> core_;
  const MessageId id_;
  std::string buffer_;
  std::size_t counted_ = 0;  ///< of the buffer in core_->arriving
  std::uint64_t size_ = 0;
  std::optional<store::NewFile> file_;
  std::optional<Content> tried_;  ///< where its record says that the content is
  bool exists_ = false;           ///< or may: its record is on its way
};

}  // namespace

Arrival make_arrival(Core& core, MessageId id, mail::Envelope envelope, std::string body) {
  auto fresh = std::make_shared<Fresh>(core.bodies);
  fresh->id = id;
  fresh->envelope = std::move(envelope);
  if (fresh->envelope.arrived == Time{}) fresh->envelope.arrived = now();
  fresh->body = std::move(body);
  fresh->content = {chunks_of(fresh->envelope.size), fresh->envelope.size > fresh->body.size()};
  fresh->groups = group_pending(fresh->envelope, core.options.destination_of, core.options.shards);
  fresh->count();
  Arrival arrival;
  arrival.record = encode_new(id, fresh->content, fresh->envelope);
  arrival.in_memory = !core.bodies->over();
  arrival.fresh = std::move(fresh);
  return arrival;
}

std::unique_ptr<Incoming> make_incoming(std::shared_ptr<Core> core) {
  return std::make_unique<Part>(std::move(core));
}

}  // namespace outrider::queue
