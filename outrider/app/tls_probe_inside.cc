// What a server says inside TLS, and what it should have forgotten by then (RFC 3207 §4.2).
#include "outrider/app/tls_probe_rules.h"
#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

Finding not_inside(const Inside& inside) {
  return found(Verdict::Skipped, inside.problem, inside.told);
}

bool lists_starttls(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    const auto word = line.substr(0, line.find(' '));
    if (at > 0 && (iequals(word, "STARTTLS") || iequals(word, "TLS"))) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

Finding judge_handshake(Probe& probe) {
  const auto& inside = probe.inside();
  if (!inside.reached) return found(Verdict::Fail, inside.problem, inside.told);
  return found(Verdict::Pass,
               inside.facts.version + ", " + inside.facts.cipher +
                   (inside.facts.group.empty() ? "" : ", " + inside.facts.group),
               inside.told);
}

Finding judge_offer_inside(Probe& probe) {
  const auto& inside = probe.inside();
  if (!inside.reached) return not_inside(inside);
  if (inside.hello.code != 250) {
    return found(Verdict::Fail, "no EHLO inside TLS: " + said(inside.hello), inside.told);
  }
  if (lists_starttls(inside.hello.text)) {
    return found(Verdict::Fail, "offered inside TLS", inside.told);
  }
  return found(Verdict::Pass, "not offered", inside.told);
}

Finding judge_starttls_inside(Probe& probe) {
  const auto& inside = probe.inside();
  if (!inside.reached) return not_inside(inside);
  const auto& reply = inside.starttls;
  if (reply.code == 503) return found(Verdict::Pass, said(reply), inside.told);
  if (reply.code == 220) return found(Verdict::Fail, "taken: " + said(reply), inside.told);
  if (reply.permanent()) {
    return found(Verdict::Note, "refused, but not with 503: " + said(reply), inside.told);
  }
  return found(Verdict::Warn, "not refused for good: " + said(reply), inside.told);
}

Finding judge_hello_forgotten(Probe& probe) {
  // A server that takes mail without EHLO has nothing that could be seen to be forgotten.
  if (!probe.target().implicit) {
    auto clear = probe.greeted();
    if (!clear) return unreached(clear.error());
    const auto without = clear->command("MAIL FROM:<>");
    clear->leave();
    if (without.positive()) {
      return found(Verdict::Skipped, "this server wants no EHLO: " + said(without), *clear);
    }
  }
  auto wire = probe.secured();
  if (!wire) return unreached(wire.error());
  const auto reply = wire->command("MAIL FROM:<>");
  wire->leave();
  if (reply.code == 503) return found(Verdict::Pass, said(reply), *wire);
  if (reply.positive()) {
    return found(probe.target().implicit ? Verdict::Note : Verdict::Fail,
                 "MAIL is taken without EHLO: " + said(reply), *wire);
  }
  return found(Verdict::Note, "refused, but not with 503: " + said(reply), *wire);
}

Finding judge_mail_forgotten(Probe& probe) {
  const auto line = probe.start_line();
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  const auto mail = wire->command("MAIL FROM:<>");
  if (!mail.positive()) {
    wire->leave();
    return found(Verdict::Skipped, "no mail is taken in clear: " + said(mail), *wire);
  }
  const auto ready = wire->command(line);
  if (ready.code != 220) {
    wire->leave();
    if (ready.code == 0) return found(Verdict::Fail, said(ready), *wire);
    return found(Verdict::Pass, "no STARTTLS within a transaction: " + said(ready), *wire);
  }
  const auto facts = probe.shake_hands(*wire);
  if (!facts) return unreached(facts.error());
  const auto reply = wire->command("RCPT TO:<postmaster>");
  wire->leave();
  if (reply.code == 503) return found(Verdict::Pass, "forgotten: " + said(reply), *wire);
  if (reply.positive()) {
    return found(Verdict::Fail, "the sender from before TLS still holds: " + said(reply), *wire);
  }
  return found(Verdict::Note, "refused, but not with 503: " + said(reply), *wire);
}

}  // namespace outrider::app::probe
