// The certificate: for whom, by whom, until when, with which key. RFC 6125, RFC 5280.
#include <fmt/format.h>

#include <algorithm>

#include "outrider/app/tls_probe_match.h"
#include "outrider/app/tls_probe_rules.h"
#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

constexpr std::chrono::days soon{14};
constexpr std::size_t least_rsa = 2048;

std::string day(Time time) { return rfc3339(time).substr(0, 10); }

std::optional<Finding> without_chain(const Inside& inside) {
  if (!inside.reached) return found(Verdict::Skipped, inside.problem, inside.told);
  if (inside.chain.empty()) return found(Verdict::Fail, "no certificate is shown", inside.told);
  return std::nullopt;
}

std::vector<std::string> evidence_of(const tls::CertificateFacts& leaf) {
  return {"*  subject " + leaf.subject,
          "*  issuer " + leaf.issuer,
          fmt::format("*  names {}", fmt::join(leaf.names, ", ")),
          fmt::format("*  from {} until {}", rfc3339(leaf.from), rfc3339(leaf.until)),
          "*  key " + leaf.key + ", signed by " + leaf.signature,
          "*  SHA-256 " + leaf.digest + ", of the key " + leaf.key_digest};
}

}  // namespace

Finding judge_name(Probe& probe) {
  const auto& inside = probe.inside();
  if (auto without = without_chain(inside)) return *without;
  const auto& leaf = inside.chain.front();
  const auto name = probe.expected_name();
  if (name.empty()) {
    return found(Verdict::Skipped, "an address has no name to compare: give one by --name",
                 evidence_of(leaf));
  }
  for (const auto& carried : leaf.names) {
    if (name_matches(carried, name)) {
      return found(Verdict::Pass, name + " matches " + carried, evidence_of(leaf));
    }
  }
  return found(Verdict::Fail,
               fmt::format("{} is none of: {}", printable(name), fmt::join(leaf.names, ", ")),
               evidence_of(leaf));
}

// By a handshake that expects a name the certificate has, so that the name is out of the question.
Finding judge_trust(Probe& probe) {
  const auto& inside = probe.inside();
  if (auto without = without_chain(inside)) return *without;
  const auto& leaf = inside.chain.front();
  if (leaf.names.empty()) {
    return found(Verdict::Fail, "the certificate names no host", evidence_of(leaf));
  }
  auto name = leaf.names.front();
  if (name.starts_with("*.")) name.replace(0, 1, "probe");
  auto wire = probe.before_tls();
  if (!wire) return unreached(wire.error());
  const auto facts = probe.shake_hands(*wire, {}, {name});
  if (!facts) return unreached(facts.error());
  wire->leave();
  if (facts->peer == PeerCheck::Verified) {
    return found(Verdict::Pass, "verified, issued by " + leaf.issuer, *wire);
  }
  // RFC 7435: mail between servers goes on without it.
  return found(Verdict::Warn, facts->why + ", issued by " + leaf.issuer, *wire);
}

Finding judge_chain(Probe& probe) {
  const auto& inside = probe.inside();
  if (auto without = without_chain(inside)) return *without;
  const auto& chain = inside.chain;
  std::vector<std::string> told;
  for (const auto& each : chain) told.push_back("*  " + each.subject + " by " + each.issuer);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (chain[i].subject != chain[i - 1].issuer) {
      return found(Verdict::Fail, fmt::format("certificate {} did not issue the one before", i + 1),
                   told);
    }
  }
  if (chain.size() > 1 && chain.back().self_issued) {
    return found(Verdict::Note, fmt::format("{} sent, the root needlessly", chain.size()), told);
  }
  return found(Verdict::Pass, fmt::format("{} sent, in order", chain.size()), told);
}

Finding judge_expiry(Probe& probe) {
  const auto& inside = probe.inside();
  if (auto without = without_chain(inside)) return *without;
  const auto time = now();
  for (const auto& each : inside.chain) {
    const auto told = evidence_of(each);
    if (each.from > time) return found(Verdict::Fail, "good only from " + day(each.from), told);
    if (each.until < time) return found(Verdict::Fail, "over since " + day(each.until), told);
  }
  const auto first = std::ranges::min(inside.chain, {}, &tls::CertificateFacts::until);
  const bool near = first.until - time < soon;
  return found(near ? Verdict::Warn : Verdict::Pass, "good until " + day(first.until),
               evidence_of(first));
}

Finding judge_key(Probe& probe) {
  const auto& inside = probe.inside();
  if (auto without = without_chain(inside)) return *without;
  const auto& leaf = inside.chain.front();
  const auto told = evidence_of(leaf);
  if (leaf.key.starts_with("RSA ")) {
    const auto bits = parse_number(std::string_view(leaf.key).substr(4));
    if (bits && *bits < least_rsa) return found(Verdict::Fail, "too short: " + leaf.key, told);
  }
  const auto signature = to_lower(leaf.signature);
  if (signature.contains("sha1") || signature.contains("md5")) {
    return found(Verdict::Fail, "signed by " + leaf.signature, told);
  }
  return found(Verdict::Pass, leaf.key + ", signed by " + leaf.signature, told);
}

}  // namespace outrider::app::probe
