// A job read from disk, for a claim. Inside the module only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "outrider/queue/core.h"

namespace outrider::queue {

/// What a claim is about.
struct Job {
  MessageId id;
  std::uint32_t shard = 0;
  DestinationId destination = 0;
  std::shared_ptr<const Fresh> fresh;  ///< null: `record` holds the envelope
  Record record;
  std::vector<std::uint32_t> recipients;  ///< that are due, rising
  unsigned attempts = 0;
  bool warned = false;
  bool asked = false;  ///< by an operator
};

enum class Loading : std::uint8_t {
  Found,
  Gone,   ///< nobody of this message waits at this destination
  Failed  ///< the disk did not say
};

/// Reads the record and finds who is due for `key`. Blocks: on a reader's thread. A record that
/// cannot be read is put away; recipients that a changed route took elsewhere get their jobs.
Loading load(Core& core, const std::string& key, Job& job);

/// One chunk of a message's content; nothing: it is missing. Blocks: on a reader's thread.
Result<std::optional<std::string>> read_chunk(const Core& core, MessageId id,
                                              const Content& content, std::uint32_t number);

/// What the schedule makes of it, on the shard's thread. False: there is no claim.
bool claimed_after(Shard& shard, Loading loading, const Job& job);

}  // namespace outrider::queue
