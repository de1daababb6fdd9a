// Compression, renegotiation, ALPN, and sessions that are resumed.
#include <fmt/format.h>

#include "outrider/app/tls_probe_rules.h"

namespace outrider::app::probe {
namespace {

Hello usual_hello() {
  Hello hello;
  hello.suites = suites_aead();
  return hello;
}

Finding without_tls12(const HelloAnswer& answer, const std::vector<std::string>& told) {
  return found(Verdict::Skipped, "no TLS 1.2 with suites of today: " + answer.text(), told);
}

tls::Parameters only(tls::Version version) {
  tls::Parameters parameters;
  parameters.least = parameters.most = version;
  return parameters;
}

Finding judge_resumption(Probe& probe, tls::Version version) {
  const auto context = probe.context(only(version));
  if (!context) return unreached(context.error());
  const auto newest = version == tls::Version::Tls12 ? tls12 : tls13;
  const tls::Resumption place{std::make_shared<tls::SessionCache>(), "probe"};
  auto first = probe.secured(*context, place, newest);
  if (!first) return unreached(first.error());
  // Tickets of TLS 1.3 come when the server likes: with what it says next, at the latest.
  first->command("NOOP");
  first->leave();
  const auto tickets = place.cache->size();
  if (tickets == 0) return found(Verdict::Note, "none was given", *first);
  auto second = probe.secured(*context, place, newest);
  if (!second) {
    return found(Verdict::Fail, "the connection that resumes fails: " + second.error().input,
                 *first);
  }
  const auto facts = second->session()->facts();
  second->leave();
  const auto given = fmt::format("{} given", tickets);
  return facts.resumed ? found(Verdict::Pass, given + ", one resumed", *second)
                       : found(Verdict::Note, given + ", and then not resumed", *second);
}

}  // namespace

Finding judge_compression(Probe& probe) {
  auto hello = usual_hello();
  hello.deflate = true;
  const auto [answer, told] = probe.ask(std::move(hello));
  if (!answer.agreed()) return without_tls12(answer, told);
  return answer.compression == 0 ? found(Verdict::Pass, "none", told)
                                 : found(Verdict::Fail, "DEFLATE was chosen", told);
}

Finding judge_secure_renegotiation(Probe& probe) {
  const auto [answer, told] = probe.ask(usual_hello());
  if (!answer.agreed()) return without_tls12(answer, told);
  return answer.secure_renegotiation ? found(Verdict::Pass, "renegotiation_info is there", told)
                                     : found(Verdict::Fail, "renegotiation_info is missing", told);
}

Finding judge_renegotiation(Probe& probe) {
  const auto context = probe.context(only(tls::Version::Tls12));
  if (!context) return unreached(context.error());
  auto wire = probe.secured(*context, {}, tls12);
  if (!wire) return unreached(wire.error());
  const bool taken = wire->renegotiate();
  wire->note(taken ? "a second handshake" : "no second handshake: " + wire->why());
  if (!taken) return found(Verdict::Pass, "refused: " + wire->why(), *wire);
  return found(Verdict::Warn, "a client may begin another handshake at will", *wire);
}

Finding judge_master_secret(Probe& probe) {
  const auto [answer, told] = probe.ask(usual_hello());
  if (!answer.agreed()) return without_tls12(answer, told);
  return answer.extended_master_secret
             ? found(Verdict::Pass, "extended_master_secret is there", told)
             : found(Verdict::Warn, "extended_master_secret is missing", told);
}

Finding judge_alpn_smtp(Probe& probe) {
  auto hello = usual_hello();
  hello.alpn = {probe.options().lmtp ? "lmtp" : "smtp"};
  const auto [answer, told] = probe.ask(hello);
  if (answer.kind == HelloAnswer::Kind::Alert && answer.alert == 120) {
    return found(Verdict::Warn, hello.alpn.front() + " is refused: " + answer.text(), told);
  }
  if (!answer.agreed()) return without_tls12(answer, told);
  if (!answer.alpn) return found(Verdict::Note, "this server does without ALPN", told);
  return *answer.alpn == hello.alpn.front()
             ? found(Verdict::Pass, "agreed: " + *answer.alpn, told)
             : found(Verdict::Fail, "agreed to what was not offered: " + *answer.alpn, told);
}

Finding judge_alpn_foreign(Probe& probe) {
  auto hello = usual_hello();
  hello.alpn = {"http/1.1"};
  const auto [answer, told] = probe.ask(std::move(hello));
  constexpr std::uint8_t no_application_protocol = 120;
  if (answer.kind == HelloAnswer::Kind::Alert && answer.alert == no_application_protocol) {
    return found(Verdict::Pass, "refused: " + answer.text(), told);
  }
  if (!answer.agreed()) return without_tls12(answer, told);
  if (answer.alpn) return found(Verdict::Fail, "agreed: " + *answer.alpn, told);
  return found(Verdict::Note, "not looked at: another protocol's client is let in", told);
}

Finding judge_resumption12(Probe& probe) { return judge_resumption(probe, tls::Version::Tls12); }
Finding judge_resumption13(Probe& probe) { return judge_resumption(probe, tls::Version::Tls13); }

}  // namespace outrider::app::probe
