// Versions of TLS: which a server takes, and whether it lets itself be talked down.
#include "outrider/app/tls_probe_rules.h"

namespace outrider::app::probe {
namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::vector<std::uint16_t> suites_before_tls13() {
  auto suites = suites_aead();
  append(suites, suites_cbc());
  append(suites, suites_static());
  return suites;
}

Hello hello_of(std::uint16_t version) {
  Hello hello;
  hello.version = version;
  hello.suites = version >= tls13 ? suites_of_tls13() : suites_before_tls13();
  // What old versions knew, so that a refusal is about the version and nothing else.
  if (version < tls12) append(hello.suites, suites_broken());
  hello.extensions = version > ssl30;
  return hello;
}

bool took(const HelloAnswer& answer, std::uint16_t version) {
  return answer.agreed() && answer.version == version;
}

// Who answers with another version has not accepted the one that was offered.
Finding judge_old(Probe& probe, std::uint16_t version) {
  auto asked = probe.ask(hello_of(version));
  if (asked.answer.agreed() && !took(asked.answer, version)) {
    return found(Verdict::Warn, "another version than offered: " + asked.answer.text(), asked.told);
  }
  return judge_refusal(probe, asked, Verdict::Fail);
}

Finding judge_new(Probe& probe, std::uint16_t version, Verdict without) {
  const auto [answer, told] = probe.ask(hello_of(version));
  if (took(answer, version)) return found(Verdict::Pass, answer.text(), told);
  if (answer.kind == HelloAnswer::Kind::NotAsked) return found(Verdict::Skipped, answer.why, told);
  return found(without, "not accepted: " + answer.text(), told);
}

// `STARTTLS TLS1.2` is the server's leave to negotiate no other.
Finding limited_by_token() { return found(Verdict::Skipped, "the draft's token is the limit"); }

}  // namespace

Finding judge_ssl30(Probe& probe) { return judge_old(probe, ssl30); }
Finding judge_tls10(Probe& probe) { return judge_old(probe, tls10); }
Finding judge_tls11(Probe& probe) { return judge_old(probe, tls11); }

// A server with TLS 1.3 alone cuts off clients of today, and is right all the same.
Finding judge_tls12(Probe& probe) { return judge_new(probe, tls12, Verdict::Note); }
Finding judge_tls13(Probe& probe) { return judge_new(probe, tls13, Verdict::Warn); }

// Who chokes on them will choke on the next version of TLS.
Finding judge_unknown_values(Probe& probe) {
  for (const auto version : {tls13, tls12}) {
    auto hello = hello_of(version);
    const auto plain = probe.ask(hello);
    if (!plain.answer.agreed()) continue;
    hello.grease = true;
    const auto [answer, told] = probe.ask(std::move(hello));
    if (answer.agreed()) return found(Verdict::Pass, "ignored: " + answer.text(), told);
    return found(Verdict::Fail, "refused because of them: " + answer.text(), told);
  }
  return found(Verdict::Skipped, "neither TLS 1.3 nor 1.2 is accepted");
}

Finding judge_v2_form(Probe& probe) {
  const auto [answer, told] = probe.ask_in_v2_form(hello_of(tls12));
  using Kind = HelloAnswer::Kind;
  if (answer.kind == Kind::NotAsked) return found(Verdict::Skipped, answer.text(), told);
  if (answer.agreed()) return found(Verdict::Pass, "understood: " + answer.text(), told);
  if (answer.kind == Kind::Alert) return found(Verdict::Pass, answer.text(), told);
  return found(Verdict::Note, "no TLS answer: " + answer.text(), told);
}

Finding judge_sentinel(Probe& probe) {
  if (probe.options().draft) return limited_by_token();
  const auto [newest, asked] = probe.ask(hello_of(tls13));
  if (!took(newest, tls13)) return found(Verdict::Skipped, "no TLS 1.3 to go back from", asked);
  const auto [answer, told] = probe.ask(hello_of(tls12));
  if (!took(answer, tls12)) return found(Verdict::Skipped, "no TLS 1.2 to go back to", told);
  return answer.downgraded ? found(Verdict::Pass, "DOWNGRD in the random of TLS 1.2", told)
                           : found(Verdict::Fail, "no mark in the random of TLS 1.2", told);
}

Finding judge_fallback(Probe& probe) {
  if (probe.options().draft) return limited_by_token();
  const auto [newest, asked] = probe.ask(hello_of(tls13));
  if (!took(newest, tls13)) return found(Verdict::Skipped, "no TLS 1.3 to fall back from", asked);
  auto hello = hello_of(tls12);
  hello.suites.push_back(fallback_scsv);
  const auto [answer, told] = probe.ask(std::move(hello));
  if (answer.agreed()) return found(Verdict::Warn, "not noticed: " + answer.text(), told);
  constexpr std::uint8_t inappropriate_fallback = 86;
  const bool named = answer.alert == inappropriate_fallback;
  return found(named ? Verdict::Pass : Verdict::Note, "refused: " + answer.text(), told);
}

}  // namespace outrider::app::probe
