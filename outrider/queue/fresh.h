// A message that has just come: kept in memory so that its first delivery reads no disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "outrider/queue/record.h"
#include "outrider/store/files.h"

namespace outrider::queue {

using DestinationOf = std::function<std::string(const Address&)>;

/// The recipients of one message that go to one destination.
struct Group {
  std::string key;
  std::uint32_t shard = 0;
  std::vector<std::uint32_t> recipients;  ///< indexes in the envelope, rising
};

/// The pending recipients by destination, in the order of the envelope.
/// Of the first host on a recipient's source route, or of its address.
std::string key_of(const DestinationOf& destination, const mail::Recipient& recipient);
std::vector<Group> group_pending(const mail::Envelope& envelope, const DestinationOf& destination,
                                 unsigned shards);
std::uint32_t shard_of(std::string_view key, unsigned shards);

/// Bytes in memory, counted by all threads, with a limit that is asked and not enforced.
class Budget {
 public:
  explicit Budget(std::size_t limit) : limit_(limit) {}
  void take(std::size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  bool over() const { return used() > limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// Of content in the table of bodies; a file has frames of the same size.
constexpr std::size_t chunk_bytes = store::frame_bytes;

/// Unchanged once the commit thread has it; counted in the budget as long as it lives.
struct Fresh {
  explicit Fresh(std::shared_ptr<Budget> in) : budget(std::move(in)) {}
  Fresh(const Fresh&) = delete;
  ~Fresh() { budget->give(counted); }
  void count();  ///< takes what it holds from the budget, once

  std::shared_ptr<Budget> budget;
  std::size_t counted = 0;
  MessageId id;
  mail::Envelope envelope;
  Content content;
  std::string body;  ///< the whole content, or empty: it is on disk
  std::vector<Group> groups;
};

}  // namespace outrider::queue
