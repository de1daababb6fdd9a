// Suites and groups: what a server chooses, what it should not take, whose order counts.
#include <algorithm>

#include "outrider/app/tls_probe_rules.h"

namespace outrider::app::probe {
namespace {

Hello hello_with(std::vector<std::uint16_t> suites, std::uint16_t version = tls12) {
  Hello hello;
  hello.version = version;
  hello.suites = std::move(suites);
  return hello;
}

Finding judge_unwanted(Probe& probe, std::vector<std::uint16_t> suites, Verdict taken) {
  return judge_refusal(probe, probe.ask(hello_with(std::move(suites))), taken);
}

bool is_in(std::uint16_t suite, const std::vector<std::uint16_t>& suites) {
  return std::ranges::find(suites, suite) != suites.end();
}

}  // namespace

// As clients of today offer them: the good ones first, old ones behind.
Finding judge_suite(Probe& probe) {
  const auto good = suites_aead();
  auto suites = good;
  const auto old = suites_cbc();
  suites.insert(suites.end(), old.begin(), old.end());
  const auto [answer, told] = probe.ask(hello_with(std::move(suites)));
  if (!answer.agreed()) {
    return found(Verdict::Skipped, "no TLS 1.2 with suites of today: " + answer.text(), told);
  }
  return is_in(answer.suite, good)
             ? found(Verdict::Pass, suite_name(answer.suite), told)
             : found(Verdict::Warn, "CBC where AEAD is offered: " + suite_name(answer.suite), told);
}

Finding judge_broken_suites(Probe& probe) {
  return judge_unwanted(probe, suites_broken(), Verdict::Fail);
}

// A server that mail is not kept from for want of a certificate may want them (RFC 7435).
Finding judge_anonymous_suites(Probe& probe) {
  return judge_unwanted(probe, suites_anonymous(), Verdict::Warn);
}

Finding judge_static_suites(Probe& probe) {
  return judge_unwanted(probe, suites_static(), Verdict::Warn);
}

Finding judge_cbc_suites(Probe& probe) {
  return judge_unwanted(probe, suites_cbc(), Verdict::Warn);
}

Finding judge_order(Probe& probe) {
  const bool only13 = !probe.ask(hello_with(suites_aead())).answer.agreed();
  auto suites = only13 ? suites_of_tls13() : suites_aead();
  const auto version = only13 ? tls13 : tls12;
  const auto [one, told] = probe.ask(hello_with(suites, version));
  std::ranges::reverse(suites);
  auto [other, evidence] = probe.ask(hello_with(std::move(suites), version));
  evidence.insert(evidence.begin(), told.begin(), told.end());
  if (!one.agreed() || !other.agreed()) return found(Verdict::Skipped, one.text(), evidence);
  if (one.suite == other.suite) {
    return found(Verdict::Pass, "the server's: " + suite_name(one.suite), evidence);
  }
  return found(Verdict::Note,
               "the client's: " + suite_name(one.suite) + " or " + suite_name(other.suite),
               evidence);
}

Finding judge_group(Probe& probe) {
  const auto& inside = probe.inside();
  if (!inside.reached) return found(Verdict::Skipped, inside.problem, inside.told);
  if (inside.facts.group.empty()) {
    return found(Verdict::Note, "the library does not tell", inside.told);
  }
  return found(Verdict::Pass, inside.facts.group, inside.told);
}

// Asked without a key, so that it needs no library that has the group: the server says that it
// wants one (HelloRetryRequest), or that there is nothing in common.
Finding judge_post_quantum(Probe& probe) {
  auto hello = hello_with(suites_of_tls13(), tls13);
  hello.groups = {x25519_mlkem768};
  const auto [answer, told] = probe.ask(std::move(hello));
  if (answer.kind == HelloAnswer::Kind::Retry && answer.group == x25519_mlkem768) {
    return found(Verdict::Pass, group_name(answer.group), told);
  }
  if (answer.kind == HelloAnswer::Kind::NotAsked) return found(Verdict::Skipped, answer.why, told);
  return found(Verdict::Note, group_name(x25519_mlkem768) + " is not there: " + answer.text(),
               told);
}

}  // namespace outrider::app::probe
