// What a host's TLS was like, and what it means that it is gone. Pure: memory and time in, a
// judgement out; whoever keeps the memory decides where.
//
// A man in the middle who deletes STARTTLS from a reply, or answers 454, takes away what was there
// before (RFC 3207 §6). That is seen, told and waited for, but it is no proof: a server may turn
// TLS off. So memory expires, waiting is bounded, and an operator's word ends both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/clock.h"

namespace outrider::trust {

struct HistoryRules {
  Duration memory = std::chrono::hours(24 * 30);  ///< since TLS was last seen; then it is forgotten
  Duration wait = std::chrono::hours(1);  ///< from the alarm until mail goes in clear; 0: at once
  Duration silence = std::chrono::hours(1);  ///< between two alarms about one host

  bool operator==(const HistoryRules&) const = default;
};

/// Of one host. `Seen`: the handshake succeeded, so that a server whose TLS never worked is not
/// waited for.
struct TlsHistory {
  Time first{}, last{};      ///< seen
  std::uint64_t count = 0;   ///< how often
  std::string best;          ///< the newest version of all: `TLSv1.3`
  std::optional<Time> gone;  ///< since when it is missed
  std::optional<Time> told;  ///< when the last alarm was raised; of a host of many: Lack::told

  bool operator==(const TlsHistory&) const = default;
};

enum class Change { AsBefore, Gone };

/// `memory` null: nothing is known of the host.
Change judge(const TlsHistory* memory, bool seen_now, Time now, const HistoryRules& rules);

/// Worth keeping at `now`.
bool is_fresh(const TlsHistory& memory, Time now, const HistoryRules& rules);

/// TLS was there: what was missed is forgiven.
void remember(TlsHistory& memory, std::string_view version, Time now);

/// What follows from Change::Gone.
struct Absence {
  bool tell = false;   ///< raise the alarm now
  bool waits = false;  ///< mail is not to go in clear yet
  Time until{};        ///< when it may
  Time last_seen{};
};
Absence miss(TlsHistory& memory, Time now, const HistoryRules& rules);

}  // namespace outrider::trust
