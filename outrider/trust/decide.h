// Which TLS for which destination, and why. Pure: facts in, verdict out. All demands are gathered,
// the strongest decides, all are kept for `explain`. docs/trust.md has the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/tlsa.h"
#include "outrider/trust/dane.h"
#include "outrider/trust/mta_sts.h"

namespace outrider::trust {

/// From the weakest to the strongest, by what each proves: nothing, nothing, privacy from those who
/// only listen, a name of the host by an authority, that name for a host which the domain itself
/// listed by HTTPS, a key which the host's zone signed, the same and nothing less, a key that the
/// operator has seen.
enum class Level { None, Opportunistic, Encrypt, Verify, MtaSts, Dane, DaneOnly, Fingerprint };

std::string_view name(Level level);  ///< `none`, `opportunistic`, …, `mta-sts`, `dane-only`, …
/// The level that the configuration names, or nothing. As an operator's word, `dane` means DANE
/// where it is published, else as `opportunistic`; `mta-sts` and `dane-only` mean nothing less.
const Level* level_named(std::string_view text);

/// What the message itself asks for (RFC 8689).
enum class Wish {
  Nothing,
  RequireTls,  ///< REQUIRETLS, on a message with a reverse-path
  TlsOptional  ///< `TLS-Required: No`
};

/// What the ledger knows of the host's TLS. It is never a proof: it delays, and raises an alarm.
enum class Past {
  Unknown,
  HadTls,   ///< its absence is waited for, for a while
  Released  ///< an operator took note of its absence
};

/// What is known when a connection to a next hop is about to be made.
struct Facts {
  std::string destination;              ///< domain or next hop the mail is for
  std::string expanded;                 ///< where signed CNAMEs led from it, where they did
  std::string mx_host;                  ///< the host that is about to be tried
  Level site = Level::Opportunistic;    ///< what the operator's route or default asks for
  std::string site_source = "default";  ///< which of them it was: `default`, `route`
  std::vector<std::string> names;       ///< that the operator expects; none: host and destination
  std::vector<std::string> pins;        ///< SHA-256 of public keys, of Level::Fingerprint
  bool way_is_sure = true;  ///< from the destination to the host: by signed MX, or by a route
  DaneFacts dane;
  std::optional<StsPolicy> sts;  ///< of the destination, in force now, of any mode
  bool sts_unknown = false;      ///< none is known, and a look-up failed or has not ended
  Wish wish = Wish::Nothing;
  Past past = Past::Unknown;
};

/// One demand, and whose it is.
struct Reason {
  Level level;         ///< that it asks for
  std::string source;  ///< `default`, `route`, `dane`, `mta-sts`, `message`, `ledger`
  std::string rule;    ///< what it follows from

  bool operator==(const Reason&) const = default;
};

/// What to do when no session with the host reaches the level.
enum class Fallback {
  Plaintext,  ///< go on without TLS
  Hold,       ///< the same, once the ledger's wait is over or an operator has released it
  Wait,       ///< try the next host, keep the mail
  Return      ///< try the next host; after the last the sender gets the mail back (RFC 8689 §4.2.1)
};
std::string_view name(Fallback fallback);  ///< `plaintext`, `hold`, `wait`, `return`

struct Verdict {
  Level level = Level::Opportunistic;
  std::vector<std::string> names;  ///< names of which the certificate must carry one
  std::vector<Tlsa> tlsa;          ///< usable records; not empty: one of them must match (DANE)
  std::string base;                ///< the TLSA base domain, which is asked for by SNI
  /// SHA-256 of public keys, lower-case hex; not empty: the peer's key must be one.
  std::vector<std::string> pins;
  Fallback fallback = Fallback::Plaintext;
  std::string obstacle;            ///< why this host may not be tried at all; empty: it may
  bool require_extension = false;  ///< it must offer REQUIRETLS
  bool proves_destination = true;  ///< a session of the level is with the destination's own host
  std::vector<Reason> reasons;     ///< the deciding one first

  bool may_try() const { return obstacle.empty(); }
  bool wants_tls() const { return level != Level::None; }
  bool requires_tls() const { return level >= Level::Encrypt; }
  bool requires_name() const { return level >= Level::Verify; }
  bool in_clear() const { return fallback == Fallback::Plaintext || fallback == Fallback::Hold; }
};

/// Whether what the destination publishes is heard: not where the operator wants no TLS, or has
/// named the key or the names that count.
bool hears_domain(const Facts& facts);

Verdict decide(const Facts& facts);

}  // namespace outrider::trust
