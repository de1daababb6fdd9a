// Which level a destination could be pinned to, so that nothing that was delivered lately would
// have been lost. Pure: records in, advice out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "outrider/trust/decide.h"
#include "outrider/trust/ledger.h"

namespace outrider::trust {

struct Suggestion {
  std::optional<Level> level;  ///< Verify or Encrypt; nothing: none above what is in use
  Sessions sessions;           ///< in the time that was looked at
  std::uint64_t lost = 0;      ///< sessions that the next higher level would have lost
  std::string why;             ///< what speaks for the level, or against a higher one
};

/// `hosts`: of the domain, as far as they are known. `in_force`: what the operator asks for
/// already. Nothing: no session in the last `days` days.
std::optional<Suggestion> suggest(const DomainRecord& domain, const std::vector<HostRecord>& hosts,
                                  Level in_force, Time now, std::uint64_t days);

}  // namespace outrider::trust
