// Which messages are claimed right now: for whoever looks at the queue from outside.
#pragma once

#include <mutex>
#include <unordered_set>

#include "outrider/base/message_id.h"

namespace outrider::queue {

class Active {
 public:
  void enter(MessageId id) {
    const std::lock_guard guard(lock_);
    ids_.insert(id.value);
  }
  void leave(MessageId id) {
    const std::lock_guard guard(lock_);
    if (const auto at = ids_.find(id.value); at != ids_.end()) ids_.erase(at);
  }
  bool contains(MessageId id) const {
    const std::lock_guard guard(lock_);
    return ids_.contains(id.value);
  }

 private:
  mutable std::mutex lock_;
  std::unordered_multiset<std::uint64_t> ids_;  // one entry a claim
};

}  // namespace outrider::queue
