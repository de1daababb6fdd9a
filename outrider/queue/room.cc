#include "outrider/queue/room.h"

#include <utility>

namespace outrider::queue {

Room::Room(store::Store& store, std::uint64_t least_free, std::function<std::uint64_t()> free_bytes,
           Log& log)
    : store_(store), least_free_(least_free), free_bytes_(std::move(free_bytes)), log_(log) {}

void Room::check() {
  const std::uint64_t free = this->free();
  if (free < least_free_) return close(free, "disk space", {});
  std::string fault;
  if (store_.failing()) {
    if (auto resumed = store_.resume(); !resumed) fault = resumed.error().text();
  }
  if (store_.failing()) return close(free, "the store fails", fault);
  if (!open_.exchange(true)) log_.warning("queue").field("status", "accepting").field("free", free);
}

bool Room::has_space() {
  const std::uint64_t free = this->free();
  if (free < least_free_) close(free, "disk space", {});
  return free >= least_free_;
}

void Room::close(std::uint64_t free, std::string_view why, std::string_view fault) {
  if (!open_.exchange(false)) return;
  log_.error("queue")
      .field("status", "not-accepting")
      .field("why", why)
      .field("free", free)
      .field("least_free", least_free_)
      .field("error", fault);
}

}  // namespace outrider::queue
