// Names for messages that never come twice, whatever the clock does and however often we start.
#pragma once

#include <atomic>
#include <cstdint>

#include "outrider/base/clock.h"
#include "outrider/base/message_id.h"

namespace outrider::queue {

/// The store remembers a ceiling that all names given so far are below; a start goes on from it.
class IdSource {
 public:
  /// `floor`: above all names that may have been given before.
  explicit IdSource(MessageId floor) : last_(floor.value) {}

  MessageId next(Time now);  ///< from any thread

  /// A ceiling to remember, well above `used`.
  static MessageId ceiling_above(MessageId used);

 private:
  std::atomic<std::uint64_t> last_;
};

}  // namespace outrider::queue
