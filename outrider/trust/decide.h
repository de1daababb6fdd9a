// Which TLS for which destination, and why. Pure: facts in, verdict out. All demands are gathered,
// the strongest decides, all are kept for `explain`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/tlsa.h"

namespace outrider::trust {

/// From the weakest to the strongest. DANE, MTA-STS and fingerprints come between as they are
/// built; the order of the names is the order of strength.
enum class Level { None, Opportunistic, Encrypt, Verify };

std::string_view name(Level level);  ///< `none`, `opportunistic`, …
/// The level that the configuration names, or nothing.
const Level* level_named(std::string_view text);

/// What is known when a connection to a next hop is about to be made.
struct Facts {
  std::string destination;              ///< domain or next hop the mail is for
  std::string mx_host;                  ///< the host that is about to be tried
  Level site = Level::Opportunistic;    ///< what the operator's route or default asks for
  std::string site_source = "default";  ///< which of them it was: `default`, `route`
  std::vector<std::string> names;       ///< that the operator expects; none: host and destination
};

/// One demand, and whose it is.
struct Reason {
  Level level;
  std::string source;  ///< `default`, `route`
  std::string rule;    ///< what it follows from

  bool operator==(const Reason&) const = default;
};

/// What to do when a session does not reach the level.
enum class Fallback {
  Plaintext,  ///< go on without TLS
  Wait        ///< try the next host, keep the mail
};

struct Verdict {
  Level level = Level::Opportunistic;
  std::vector<std::string> names;  ///< names of which the certificate must carry one
  std::vector<Tlsa> tlsa;          ///< usable records; not empty: one of them must match (DANE)
  /// SHA-256 of public keys, lower-case hex; not empty: the peer's key must be one.
  std::vector<std::string> pins;
  Fallback fallback = Fallback::Plaintext;
  std::vector<Reason> reasons;  ///< the deciding one first

  bool wants_tls() const { return level != Level::None; }
  bool requires_tls() const { return level >= Level::Encrypt; }
  bool requires_name() const { return level >= Level::Verify; }
};

Verdict decide(const Facts& facts);

}  // namespace outrider::trust
