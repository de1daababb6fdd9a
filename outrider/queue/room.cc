#include "outrider/queue/room.h"

#include <utility>

namespace outrider::queue {

Room::Room(store::Store& store, std::uint64_t least_free, std::function<std::uint64_t()> free_bytes,
           Log& log)
    : store_(store), least_free_(least_free), free_bytes_(std::move(free_bytes)), log_(log) {}

void Room::check() {
  const std::uint64_t free = free_bytes_ ? free_bytes_() : store_.free_bytes();
  const bool enough = free >= least_free_;
  std::string fault;
  // Without space a resumed store would only fail again.
  if (store_.failing() && enough) {
    if (auto resumed = store_.resume(); !resumed) fault = resumed.error().text();
  }
  const bool open = enough && !store_.failing();
  if (open_.exchange(open) == open) return;
  if (open) {
    log_.warning("queue").field("status", "accepting").field("free", free);
    return;
  }
  log_.error("queue")
      .field("status", "not-accepting")
      .field("why", enough ? "the store fails" : "disk space")
      .field("free", free)
      .field("least_free", least_free_)
      .field("error", fault);
}

}  // namespace outrider::queue
