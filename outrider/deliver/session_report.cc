#include "outrider/deliver/session_report.h"

#include <fmt/format.h>

#include "outrider/base/text.h"

namespace outrider::deliver {
namespace {

using trust::DaneState;

constexpr std::size_t longest_reason = 300;

// Usual upper-case hexadecimal: RFC 8460 §4.4.
std::string record_text(const Tlsa& record) {
  std::string text = fmt::format("{} {} {} ", record.usage, record.selector, record.matching);
  for (const char c : record.data) text += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return text;
}

std::vector<std::string> lines_of(const trust::StsPolicy& policy) {
  std::vector<std::string> lines;
  const std::string text = trust::sts_policy_text(policy);
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

bool is_under_dane(const trust::Facts& facts) { return facts.dane.state >= DaneState::Unusable; }
bool is_under_sts(const trust::Facts& facts) {
  return facts.sts && facts.sts->mode != trust::StsMode::None;
}

report::PolicyResult policy_of(const Outlook& outlook) {
  const trust::Facts& facts = outlook.facts;
  report::PolicyResult policy;
  policy.domain = facts.destination;
  if (is_under_dane(facts)) {
    policy.type = "tlsa";
    policy.domain = facts.dane.base.empty() ? facts.mx_host : facts.dane.base;  // RFC 8460 §1.1
    for (const auto& record : facts.dane.records) policy.strings.push_back(record_text(record));
    policy.mx = {facts.mx_host};
  } else if (is_under_sts(facts)) {
    policy.type = "sts";
    policy.strings = lines_of(*facts.sts);
    policy.mx = facts.sts->mx;
  } else {
    policy.type = outlook.sts.failure ? "sts" : "no-policy-found";
  }
  return policy;
}

struct Result {
  std::string_view type;  // empty: all is well
  std::string_view reason;
};

Result dane_result(const trust::Facts& facts, const TlsFacts* tls, std::string_view words) {
  switch (facts.dane.state) {
    case DaneState::Unusable: return {"tlsa-invalid", "no TLSA record of use"};
    case DaneState::Usable: break;
    default: return {"dnssec-invalid", facts.dane.why};
  }
  if (tls == nullptr) return {result_type(words), words};
  const bool proven = tls->proof == PeerProof::DaneTa || tls->proof == PeerProof::DaneEe;
  return proven ? Result{} : Result{"validation-failure", tls->why};
}

// A name of a certificate is as wide as a pattern of a policy (RFC 8461 §4.1).
bool is_for(const TlsFacts& tls, const std::string& host) {
  trust::StsPolicy alone;
  alone.mx = {tls.peer_name};
  return trust::sts_covers(alone, host);
}

Result sts_result(const trust::Facts& facts, const TlsFacts* tls, std::string_view words) {
  if (!trust::sts_covers(*facts.sts, facts.mx_host)) {
    return {"validation-failure", "the policy does not list the host"};
  }
  if (tls == nullptr) return {result_type(words), words};
  if (tls->peer != PeerCheck::Verified) return {result_type(tls->why), tls->why};
  // While it is only tested, a certificate of the destination's own name is good enough for us, and
  // would not be for the policy. Where the operator says which names count, nobody knows.
  if (!facts.names.empty() || is_for(*tls, facts.mx_host)) return {};
  return {"certificate-host-mismatch", "the certificate is not for the name of the host"};
}

Result result_of(const Outlook& outlook, const TlsFacts* tls, std::string_view words) {
  const trust::Facts& facts = outlook.facts;
  if (is_under_dane(facts)) return dane_result(facts, tls, words);
  if (is_under_sts(facts)) return sts_result(facts, tls, words);
  if (outlook.sts.failure) {
    return {policy::result_type(outlook.sts.failure->kind), outlook.sts.failure->why};
  }
  return tls == nullptr ? Result{result_type(words), words} : Result{};
}

// An obstacle of our own: a route demands more than the domain publishes, or the message does. No
// TLS failed, and the domain is not to be told that its did.
bool is_our_demand(const trust::Facts& facts, std::string_view words) {
  if (words.contains("does not offer REQUIRETLS")) return true;
  trust::Facts asked = facts;
  for (const auto wish : {trust::Wish::Nothing, trust::Wish::RequireTls}) {
    asked.wish = wish;
    for (const auto& reason : trust::decide(asked).reasons) {
      if (reason.rule == words) return reason.source != "dane" && reason.source != "mta-sts";
    }
  }
  return false;
}

}  // namespace

std::string_view result_type(std::string_view words) {
  const std::string text = to_lower(words);
  const auto says = [&](std::string_view part) { return text.contains(part); };
  if (says("offer starttls") || says("starttls was refused")) return "starttls-not-supported";
  if (says("expired")) return "certificate-expired";
  if (says("hostname mismatch") || says("name mismatch")) return "certificate-host-mismatch";
  if (says("self-signed") || says("self signed") || says("issuer certificate") ||
      says("unable to verify") || says("not trusted")) {
    return "certificate-not-trusted";
  }
  return "validation-failure";
}

report::Session session_report(const Outlook& outlook, const TlsFacts* tls, std::string_view words,
                               Time when) {
  report::Session session;
  if (tls == nullptr && is_our_demand(outlook.facts, words)) return session;
  session.policy = policy_of(outlook);
  session.domain = outlook.facts.destination;
  session.when = when;
  const Result result = result_of(outlook, tls, words);
  if (result.type.empty()) return session;
  session.failure.result = result.type;
  session.failure.reason = printable(result.reason, longest_reason);
  session.failure.receiving_host = outlook.facts.mx_host;
  return session;
}

}  // namespace outrider::deliver
