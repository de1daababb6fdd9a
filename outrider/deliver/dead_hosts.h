// Addresses that could not be reached lately, so that a host that is down costs one limit of time
// now and then, and not one for each message. Time is input.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/deliver/options.h"

namespace outrider::deliver {

class DeadHosts {
 public:
  struct Death {
    Steady until{};
    Duration wait{0};
    std::string why;
  };

  explicit DeadHosts(const DeadLimits& limits) : limits_(limits) {}

  /// Nothing: it may be tried. Valid until the next call.
  const Death* find(const Endpoint& host, Steady time) const;
  /// Until when it is left alone: longer with each failure in a row.
  Steady failed(const Endpoint& host, std::string why, Steady time);
  void answered(const Endpoint& host);
  std::size_t size() const { return hosts_.size(); }

 private:
  void make_room(Steady time);

  DeadLimits limits_;
  std::map<Endpoint, Death> hosts_;
};

/// The wait after one of `before`; 0: after the first failure.
Duration longer(const DeadLimits& limits, Duration before);

}  // namespace outrider::deliver
