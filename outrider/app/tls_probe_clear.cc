// What a server says before TLS: the offer, and how STARTTLS itself is answered.
#include <fmt/format.h>

#include "outrider/app/tls_probe_rules.h"
#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

constexpr std::string_view starttls = "STARTTLS";

bool speaks_of_tls(const smtp::Reply& reply) { return to_lower(reply.text).contains("tls"); }

Finding judge_demand(const Probe& probe, const smtp::Reply& reply, const Wire& wire) {
  if (reply.code != 530) {
    return found(Verdict::Warn, "TLS is demanded by another reply than 530: " + said(reply), wire);
  }
  // RFC 3207 §4: a publicly referenced server must not; port 25 alone does not make it one.
  if (probe.target().port == 25 && !probe.options().lmtp) {
    return found(Verdict::Warn, "demanded on port 25, where no MX of the DNS may: " + said(reply),
                 wire);
  }
  if (reply.status != "5.7.0") {
    return found(Verdict::Warn, "530 without its code 5.7.0: " + said(reply), wire);
  }
  return found(Verdict::Pass, "TLS is demanded: " + said(reply), wire);
}

}  // namespace

Finding judge_offer(Probe& probe) {
  const auto& offer = probe.offer();
  if (offer.starttls) {
    const auto& line = probe.options().draft ? offer.draft : offer.keyword;
    return found(Verdict::Pass, "offered as \"" + line + "\"", offer.told);
  }
  if (!offer.problem.empty()) return found(Verdict::Fail, offer.problem, offer.told);
  if (!offer.draft.empty()) {
    return found(Verdict::Fail, "only in the draft's form: try --starttls draft-hoffman",
                 offer.told);
  }
  return found(Verdict::Fail, "not offered", offer.told);
}

Finding judge_keyword(Probe& probe) {
  const auto& offer = probe.offer();
  const bool both = !offer.draft.empty() && !offer.keyword.empty();
  if (probe.options().draft) {
    return found(Verdict::Pass, both ? "the draft's form, and RFC 3207's beside it" : "the draft's",
                 offer.told);
  }
  if (offer.keyword.size() > starttls.size()) {
    return found(Verdict::Fail, "with parameters: \"" + offer.keyword + "\"", offer.told);
  }
  if (offer.keyword != starttls) {
    return found(Verdict::Warn, "not in capitals: \"" + offer.keyword + "\"", offer.told);
  }
  return found(Verdict::Pass, both ? "bare, and the draft's \"" + offer.draft + "\"" : "bare",
               offer.told);
}

Finding judge_ready(Probe& probe) {
  const auto line = probe.start_line();
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  const auto reply = wire->command(line);
  if (reply.code == 220) return found(Verdict::Pass, said(reply), *wire);
  wire->leave();
  if (reply.code == 454) {
    return found(Verdict::Fail, "TLS is offered, and then not available: " + said(reply), *wire);
  }
  return found(Verdict::Fail, "neither 220 nor 454: " + said(reply), *wire);
}

Finding judge_case(Probe& probe) {
  auto line = probe.start_line();
  line.replace(0, starttls.size(), "StartTls");
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  const auto reply = wire->command(line);
  if (reply.code == 220) return found(Verdict::Pass, said(reply), *wire);
  wire->leave();
  return found(Verdict::Fail, said(reply), *wire);
}

Finding judge_parameter(Probe& probe) {
  const bool draft = probe.options().draft;
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  // Of the draft: without a parameter; of RFC 3207: with one.
  const auto reply = wire->command(draft ? "STARTTLS" : "STARTTLS x");
  if (reply.code == 220) return found(Verdict::Fail, "taken: " + said(reply), *wire);
  wire->leave();
  // draft-hoffman-smtp-ssl §5: 504 is for a version; a server of both forms says it of `x`, too.
  const bool token = !draft && reply.code == 504 && !probe.offer().draft.empty();
  if (reply.code == 501 || token) return found(Verdict::Pass, said(reply), *wire);
  if (reply.code == 0) return found(Verdict::Fail, said(reply), *wire);
  return found(Verdict::Warn, "refused, but not with 501: " + said(reply), *wire);
}

Finding judge_before_hello(Probe& probe) {
  const auto line = probe.start_line();
  auto wire = probe.greeted();
  if (!wire) return unreached(wire.error());
  const auto reply = wire->command(line);
  if (reply.code == 220) return found(Verdict::Note, "taken without EHLO: " + said(reply), *wire);
  wire->leave();
  if (reply.code == 503) return found(Verdict::Pass, said(reply), *wire);
  if (reply.code == 0) return found(Verdict::Fail, said(reply), *wire);
  return found(Verdict::Note, "refused, but not with 503: " + said(reply), *wire);
}

Finding judge_clear_mail(Probe& probe) {
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  const auto reply = wire->command("MAIL FROM:<>");
  const auto noop = reply.code == 530 ? wire->command("NOOP") : smtp::Reply{250, "", ""};
  wire->leave();
  if (reply.positive()) return found(Verdict::Pass, "TLS is not demanded: " + said(reply), *wire);
  if (!speaks_of_tls(reply)) {
    return found(Verdict::Note, "refused for another reason: " + said(reply), *wire);
  }
  if (noop.code != 250) {
    return found(Verdict::Warn, "NOOP is refused, too: " + said(noop), *wire);
  }
  return judge_demand(probe, reply, *wire);
}

// RFC 2034 §4: in all replies of the classes 2, 4 and 5 but those to the greeting and EHLO.
Finding judge_codes(Probe& probe) {
  if (!probe.offer().enhanced_codes) {
    return found(Verdict::Skipped, "ENHANCEDSTATUSCODES is not offered");
  }
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  const auto refused = wire->command(probe.options().draft ? "STARTTLS" : "STARTTLS x");
  if (refused.code == 220) return found(Verdict::Skipped, "STARTTLS x is taken", *wire);
  const auto ready = wire->command(probe.start_line());
  for (const auto& reply : {refused, ready}) {
    if (reply.code == 0) return found(Verdict::Warn, said(reply), *wire);
    if (reply.status.empty()) return found(Verdict::Warn, "none in: " + said(reply), *wire);
  }
  return found(Verdict::Pass, fmt::format("{} and {}", refused.status, ready.status), *wire);
}

}  // namespace outrider::app::probe
