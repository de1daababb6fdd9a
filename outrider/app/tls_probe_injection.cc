// Bytes in clear that come behind STARTTLS. Whoever can write into the connection before TLS could
// have a command of his carried out as if the client that the handshake names had sent it:
// CVE-2011-0411. A server may refuse, close, choke on them in the handshake, or
// forget them; it may not answer them, in clear or inside.
#include "outrider/app/tls_probe_rules.h"
#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

constexpr Duration a_while{300};

/// Behind the handshake: is QUIT the first thing that is answered?
Finding judge_inside(Probe& probe, Wire& wire) {
  const auto facts = probe.shake_hands(wire);
  if (!facts && !probe.inside().reached) {
    return found(Verdict::Skipped, "no handshake comes to its end here", wire);
  }
  if (!facts) return found(Verdict::Pass, "the handshake fails: " + facts.error().input, wire);
  const auto unasked = wire.listen(a_while);
  if (!unasked.bytes.empty()) {
    return found(Verdict::Fail, "carried out inside TLS: " + printable(unasked.bytes, 120), wire);
  }
  const auto reply = wire.command("QUIT");
  if (reply.code == 221 || reply.code == 0) {
    return found(Verdict::Pass, "dropped in silence", wire);
  }
  return found(Verdict::Fail, "carried out inside TLS: " + said(reply), wire);
}

/// Once 220 is there, and bytes in clear have gone behind STARTTLS or behind it.
Finding judge_behind_ready(Probe& probe, Wire& wire) {
  const auto unasked = wire.listen(a_while);
  // A TLS alert is an answer of the handshake.
  if (unasked.bytes.starts_with('\x15')) return found(Verdict::Pass, "a TLS alert", wire);
  if (unasked.bytes.starts_with("554") || unasked.bytes.starts_with("421")) {
    return found(Verdict::Pass, "refused: " + printable(unasked.bytes, 120), wire);
  }
  // draft-hoffman-smtp-ssl §5: until the first byte of TLS, commands are taken as before.
  const bool answered = !unasked.bytes.empty();
  if (answered && !probe.options().draft) {
    return found(Verdict::Fail, "answered in clear: " + printable(unasked.bytes, 120), wire);
  }
  if (unasked.closed) return found(Verdict::Pass, "closed behind 220", wire);
  auto inside = judge_inside(probe, wire);
  if (answered && inside.verdict == Verdict::Pass) {
    inside.text = "answered in clear, as the draft has it, and not inside";
  }
  return inside;
}

Finding judge_injected(Probe& probe, std::string_view command) {
  const auto line = probe.start_line();
  auto wire = probe.said_hello();
  if (!wire) return unreached(wire.error());
  wire->write(line + "\r\n" + std::string(command) + "\r\n");
  const auto reply = wire->reply();
  if (reply.code == 0) return found(Verdict::Pass, "closed: " + said(reply), *wire);
  if (reply.code != 220) return found(Verdict::Pass, "refused: " + said(reply), *wire);
  return judge_behind_ready(probe, *wire);
}

}  // namespace

Finding judge_injected_noop(Probe& probe) { return judge_injected(probe, "NOOP"); }
Finding judge_injected_hello(Probe& probe) { return judge_injected(probe, probe.hello_line()); }
Finding judge_injected_mail(Probe& probe) { return judge_injected(probe, "MAIL FROM:<>"); }

Finding judge_clear_behind_ready(Probe& probe) {
  auto wire = probe.before_tls();
  if (!wire) return unreached(wire.error());
  wire->write("NOOP\r\n");
  return judge_behind_ready(probe, *wire);
}

Finding judge_clear_on_tls_port(Probe& probe) {
  if (!probe.target().implicit) return found(Verdict::Skipped, "TLS begins with STARTTLS here");
  auto wire = probe.connected();
  if (!wire) return unreached(wire.error());
  wire->write(probe.hello_line() + "\r\n");
  const auto unasked = wire->listen(a_while);
  if (unasked.bytes.starts_with("2")) {
    return found(Verdict::Fail, "answered in clear: " + printable(unasked.bytes, 120), *wire);
  }
  return found(Verdict::Pass, "not answered", *wire);
}

}  // namespace outrider::app::probe
