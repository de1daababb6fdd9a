// Which messages an operator's filter means, and how a record looks from outside.
#pragma once

#include "outrider/queue/fresh.h"
#include "outrider/queue/queue.h"
#include "outrider/queue/record.h"

namespace outrider::queue {

/// All given parts must match; recipients and destinations are those that still wait. `ids` is
/// not looked at. Domains and local-parts without regard to ASCII case.
bool matches(const Filter& filter, const Record& record, const DestinationOf& destination);

Item item_of(Record record, bool active);

}  // namespace outrider::queue
