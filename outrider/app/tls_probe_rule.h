// What a rule of a probe is, and what one finds.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::app::probe {

class Probe;

/// From good to bad; only Fail counts for the exit code.
enum class Verdict { Pass, Note, Skipped, Warn, Fail };
std::string_view name(Verdict verdict);  ///< `pass`, `note`, `skipped`, `warn`, `fail`

struct Finding {
  Verdict verdict = Verdict::Skipped;
  std::string text;                   ///< on one line, printable
  std::vector<std::string> evidence;  ///< what was sent and answered
};

/// What there must be for a rule to be asked: a conversation in clear, STARTTLS offered in it, or
/// TLS whichever way it begins.
enum class Needs { Clear, StartTls, Tls };

struct Rule {
  std::string_view id;
  std::string_view title;
  std::string_view source;  ///< `RFC 3207 §4.2`
  Needs needs;
  Finding (*judge)(Probe& probe);
};

/// In the order in which they are asked and reported.
std::span<const Rule> all_rules();
const Rule* rule_named(std::string_view id);

}  // namespace outrider::app::probe
