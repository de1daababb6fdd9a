#include "outrider/trust/history.h"

#include <algorithm>

namespace outrider::trust {

bool is_fresh(const TlsHistory& memory, Time now, const HistoryRules& rules) {
  return memory.count > 0 && now - memory.last < rules.memory;
}

Change judge(const TlsHistory* memory, bool seen_now, Time now, const HistoryRules& rules) {
  const bool expected = memory != nullptr && is_fresh(*memory, now, rules);
  return expected && !seen_now ? Change::Gone : Change::AsBefore;
}

void remember(TlsHistory& memory, std::string_view version, Time now) {
  if (memory.count++ == 0) memory.first = now;
  memory.last = now;
  if (version > memory.best) memory.best = version;
  memory.gone.reset();
}

Absence miss(TlsHistory& memory, Time now, const HistoryRules& rules) {
  // A clock that was set back must not prolong the wait.
  const Time since = std::min(memory.gone.value_or(now), now);
  memory.gone = since;
  Absence absence;
  absence.tell = !memory.told || now - *memory.told >= rules.silence || now < *memory.told;
  if (absence.tell) memory.told = now;
  absence.until = since + rules.wait;
  absence.waits = now < absence.until;
  absence.last_seen = memory.last;
  return absence;
}

}  // namespace outrider::trust
