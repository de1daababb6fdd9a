// What the threads hand to the commit thread, and what it tells the shards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/message_id.h"
#include "outrider/base/result.h"
#include "outrider/queue/fresh.h"
#include "outrider/queue/queue.h"
#include "outrider/queue/suspend.h"

namespace outrider::queue {

/// Somebody waits for the outcome; `result` lives in the waiting coroutine.
struct Completion {
  Result<void>* result = nullptr;
  Waiter waiter;
};

/// A message is complete. Its content is in `fresh`, or in its file and synced.
struct Arrival {
  std::shared_ptr<const Fresh> fresh;
  std::string record;
  bool in_memory = false;  ///< keep `fresh` for the first delivery
  Completion done;
};

/// A message whose record could not be written, or nobody knows whether it was, will not exist.
struct Abandoned {
  MessageId id;
  Content content;
};

/// An attempt is over.
struct Attempted {
  MessageId id;
  std::uint32_t shard = 0;
  DestinationId destination = 0;
  std::vector<std::uint32_t> recipients;  ///< that were claimed
  std::vector<Outcome> outcomes;
  std::vector<Arrival> notices;
  bool warned = false;
  Time at{};
};

/// An operator's wish.
struct Operated {
  Action action = Action::Hold;
  std::vector<MessageId> ids;
  std::uint64_t* count = nullptr;  ///< to how many it was done; lives in the waiting coroutine
  Completion done;
};

/// A record cannot be read: out of the way with it, kept for a person to look at.
struct Damaged {
  MessageId id;
};

using Operation = std::variant<Arrival, Abandoned, Attempted, Operated, Damaged>;

/// News for a shard, in the order of the records' changes.
struct Mail {
  enum class Kind : std::uint8_t { New, Again, Gone, Hold, Release, Retry, Remove };
  Kind kind = Kind::New;
  bool in_memory = false;  ///< New: keep `fresh`
  MessageId id;
  std::uint32_t group = 0;        ///< New: in fresh->groups
  DestinationId destination = 0;  ///< Again, Gone
  std::shared_ptr<const Fresh> fresh;
  Steady due{};
};

}  // namespace outrider::queue
