// What a probe found, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "outrider/app/tls_probe_rule.h"

namespace outrider::app::probe {

struct Judged {
  const Rule* rule;
  Finding finding;
};

struct Report {
  std::string server;  ///< as it was asked for, `mx.example.org:25`
  std::string mode;    ///< `STARTTLS`, `TLS from the first byte`, …
  std::vector<Judged> judged;

  std::size_t count(Verdict verdict) const;
  bool good() const { return count(Verdict::Fail) == 0; }
};

/// Aligned: `pass     offer  STARTTLS is offered (RFC 3207 §3): …`.
std::string line_of(const Judged& judged);
/// What was said, indented, for below the line.
std::string evidence_of(const Judged& judged);
std::string summary_of(const Report& report);
/// One object with all of it, the evidence too.
std::string json_of(const Report& report);

/// The table of rules.
std::string text_of_rules();
std::string json_of_rules();

}  // namespace outrider::app::probe
