#include "outrider/trust/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::trust {
namespace {

constexpr std::array levels{
    std::pair{Level::None, std::string_view{"none"}},
    std::pair{Level::Opportunistic, std::string_view{"opportunistic"}},
    std::pair{Level::Encrypt, std::string_view{"encrypt"}},
    std::pair{Level::Verify, std::string_view{"verify"}},
    std::pair{Level::MtaSts, std::string_view{"mta-sts"}},
    std::pair{Level::Dane, std::string_view{"dane"}},
    std::pair{Level::DaneOnly, std::string_view{"dane-only"}},
    std::pair{Level::Fingerprint, std::string_view{"fingerprint"}},
};

std::string rule_of_site(const Facts& facts) {
  const auto& who = facts.destination;
  switch (facts.site) {
    case Level::None: return "TLS is switched off for " + who;
    case Level::Opportunistic: return "TLS where the next hop offers it (RFC 3207 §4)";
    case Level::Encrypt: return "TLS is demanded for " + who;
    case Level::Verify: return "TLS with a verified name is demanded for " + who;
    case Level::MtaSts: return "an MTA-STS policy, or DANE, is demanded for " + who;
    case Level::Dane: return "DANE where it is published for " + who + " (RFC 7672 §2.2)";
    case Level::DaneOnly: return "DANE and nothing less is demanded for " + who;
    case Level::Fingerprint: return "a known public key is demanded for " + who;
  }
  return {};
}

// The host that was looked up, or the destination itself: either is what the operator named.
std::vector<std::string> names_for(const Facts& facts) {
  if (!facts.names.empty()) return facts.names;
  std::vector<std::string> names;
  for (const auto* name : {&facts.mx_host, &facts.destination}) {
    if (!name->empty() && std::find(names.begin(), names.end(), *name) == names.end()) {
      names.push_back(*name);
    }
  }
  return names;
}

// Demands are added in any order; the strongest of them decides.
class Decision {
 public:
  explicit Decision(const Facts& facts) : facts_(facts) {}

  Verdict take() {
    add_site();
    add_wish();
    if (hears_domain(facts_)) {
      add_dane();
      add_sts();
      demand_dane_only();
      demand_sts();
    }
    add_past();
    settle();
    return std::move(verdict_);
  }

 private:
  // Signed records, as far as the message lets its recipients' domain speak.
  bool dane_decides() const {
    return facts_.dane.state == DaneState::Usable && facts_.wish != Wish::TlsOptional;
  }
  bool is_lifted() const { return facts_.wish == Wish::TlsOptional; }
  void reason(Level level, std::string_view source, std::string rule) {
    verdict_.reasons.push_back({level, std::string(source), std::move(rule)});
  }
  // The first obstacle is told: the others do not matter.
  void stop(Level level, std::string_view source, std::string why) {
    if (verdict_.obstacle.empty()) verdict_.obstacle = why;
    reason(level, source, std::move(why));
  }

  void add_site();
  void add_wish();
  void add_dane();
  void add_sts();
  void demand_dane_only();
  void demand_sts();
  void add_past();
  void settle();
  void settle_identity();
  void add_names_for_dane();
  void settle_fallback();

  const Facts& facts_;
  Verdict verdict_;
};

void Decision::add_site() {
  const auto level = facts_.site == Level::Dane ? Level::Opportunistic : facts_.site;
  reason(level, facts_.site_source, rule_of_site(facts_));
  if (facts_.site == Level::Fingerprint && facts_.pins.empty()) {
    stop(level, facts_.site_source, "a known public key is demanded, and none is written down");
  }
}

// RFC 8689 §4.2.1, §4.2.2.
void Decision::add_wish() {
  if (facts_.wish == Wish::TlsOptional) {
    reason(Level::Opportunistic, "message",
           "TLS-Required: No: what the recipient's domain asks for does not stop it "
           "(RFC 8689 §4.2.2)");
  }
  if (facts_.wish != Wish::RequireTls) return;
  verdict_.require_extension = true;
  reason(Level::Verify, "message",
         "REQUIRETLS: a proven host that offers it, too (RFC 8689 §4.2.1)");
  const bool listed =
      facts_.sts && facts_.sts->mode != StsMode::None && sts_covers(*facts_.sts, facts_.mx_host);
  if (facts_.site == Level::None) {
    stop(Level::Verify, "message", "REQUIRETLS, and TLS is switched off for " + facts_.destination);
  } else if (!facts_.way_is_sure && !listed) {
    stop(Level::Verify, "message",
         fmt::format("REQUIRETLS, and neither DNSSEC nor MTA-STS proves that {} is a mail server "
                     "of {} (RFC 8689 §4.2.1)",
                     facts_.mx_host, facts_.destination));
  }
}

// RFC 7672 §2.2.
void Decision::add_dane() {
  const DaneFacts& dane = facts_.dane;
  const auto may = is_lifted() ? Level::Opportunistic : Level::Dane;
  switch (dane.state) {
    case DaneState::Off:
    case DaneState::Insecure:
    case DaneState::Absent: return;
    case DaneState::Unusable:
      return reason(is_lifted() ? may : Level::Encrypt, "dane",
                    fmt::format("signed TLSA records at {}, and none of use: TLS, whoever it is "
                                "with (RFC 7672 §2.2)",
                                dane.base));
    case DaneState::Usable:
      return reason(may, "dane",
                    fmt::format("signed TLSA records at {}{}", dane.base,
                                facts_.way_is_sure ? " (RFC 7672 §2.2)"
                                                   : ", the MX records are not signed: the host "
                                                     "is proven, not that it is the domain's "
                                                     "(RFC 7672 §2.2.1)"));
    case DaneState::Failed:
    case DaneState::Bogus:
    case DaneState::Disputed: break;
  }
  auto why = fmt::format("the TLSA records of {} cannot be known, {}: {} (RFC 7672 §2.2)",
                         facts_.mx_host, name(dane.state), dane.why);
  if (is_lifted()) return reason(may, "dane", std::move(why));
  stop(Level::Dane, "dane", std::move(why));
}

// RFC 8461 §4, §5; where signed records speak for the domain's own host they alone do: §2.
void Decision::add_sts() {
  if (!facts_.sts || facts_.sts->mode == StsMode::None) return;
  const bool listed = sts_covers(*facts_.sts, facts_.mx_host);
  const bool enforced = facts_.sts->mode == StsMode::Enforce || facts_.site == Level::MtaSts;
  const std::string says = fmt::format("the MTA-STS policy {} of {} ({}) ", facts_.sts->id,
                                       facts_.destination, name(facts_.sts->mode));
  if (dane_decides() && facts_.way_is_sure) {
    return reason(Level::Opportunistic, "mta-sts", says + "gives way to DANE (RFC 8461 §2)");
  }
  if (is_lifted() || !enforced) {
    return reason(Level::Opportunistic, "mta-sts",
                  says + (listed ? "lists " : "does not list ") + facts_.mx_host +
                      (enforced ? "" : ", and is only told of (RFC 8461 §5)"));
  }
  if (!listed) {
    return stop(Level::MtaSts, "mta-sts",
                says + "does not list " + facts_.mx_host + " (RFC 8461 §4.1)");
  }
  reason(Level::MtaSts, "mta-sts", says + "lists " + facts_.mx_host + " (RFC 8461 §4.1)");
}

// RFC 7672 §6, and §2.2.1 for MX records that are not signed.
void Decision::demand_dane_only() {
  if (facts_.site != Level::DaneOnly) return;
  const bool usable = facts_.dane.state == DaneState::Usable;
  if (usable && facts_.way_is_sure) return;
  stop(Level::DaneOnly, facts_.site_source,
       usable ? fmt::format("DANE is demanded, and the MX records of {} are not signed "
                            "(RFC 7672 §2.2.1)",
                            facts_.destination)
              : fmt::format("DANE is demanded, and {} has no TLSA record of use ({}) (RFC 7672 §6)",
                            facts_.mx_host, name(facts_.dane.state)));
}

void Decision::demand_sts() {
  if (facts_.site != Level::MtaSts) return;
  const bool by_dane = facts_.dane.state == DaneState::Usable && facts_.way_is_sure;
  const bool by_policy = facts_.sts && facts_.sts->mode != StsMode::None;
  // An operator's demand stands whatever the message says.
  if (by_dane || (by_policy && sts_covers(*facts_.sts, facts_.mx_host))) return;
  stop(Level::MtaSts, facts_.site_source,
       by_policy ? fmt::format("the MTA-STS policy of {} is demanded, and does not list {}",
                               facts_.destination, facts_.mx_host)
                 : fmt::format("an MTA-STS policy is demanded, and {} has none in force",
                               facts_.destination));
}

void Decision::add_past() {
  if (facts_.site == Level::None) return;
  if (facts_.past == Past::HadTls) {
    reason(Level::Opportunistic, "ledger",
           "it had TLS before: if that is gone it is waited for a while, with an alarm");
  } else if (facts_.past == Past::Released) {
    reason(Level::Opportunistic, "ledger", "an operator released it: it may go in clear");
  }
}

void Decision::settle() {
  std::ranges::stable_sort(verdict_.reasons, std::ranges::greater(), &Reason::level);
  verdict_.level = verdict_.reasons.front().level;
  // Whatever stops, this host is not given less than what was asked of it.
  if (facts_.site == Level::None) verdict_.level = Level::None;
  settle_identity();
  settle_fallback();
}

void Decision::settle_identity() {
  const bool by_dane =
      facts_.dane.state == DaneState::Usable && hears_domain(facts_) &&
      (dane_decides() || facts_.site == Level::DaneOnly || facts_.site == Level::MtaSts) &&
      verdict_.level >= Level::MtaSts;
  verdict_.proves_destination = facts_.way_is_sure || verdict_.level == Level::MtaSts;
  if (verdict_.level == Level::Fingerprint) {
    verdict_.pins = facts_.pins;
  } else if (by_dane) {
    verdict_.tlsa = facts_.dane.records;
    verdict_.base = facts_.dane.base;
    add_names_for_dane();
    // A policy that lists the host speaks for the way to it.
    if (!facts_.way_is_sure && facts_.sts && facts_.sts->mode != StsMode::None) {
      verdict_.proves_destination = sts_covers(*facts_.sts, facts_.mx_host);
    }
  } else if (verdict_.level == Level::MtaSts) {
    verdict_.names = {facts_.mx_host};  // RFC 8461 §4.1
  } else if (verdict_.require_extension && facts_.names.empty()) {
    verdict_.names = {facts_.mx_host};  // RFC 8689 §4.2.1
  } else if (verdict_.wants_tls()) {
    verdict_.names = names_for(facts_);
  }
}

// RFC 7672 §3.2.2: the base domain, and the next hop, with where its CNAMEs led, where signed
// records lead from it.
void Decision::add_names_for_dane() {
  verdict_.names = {verdict_.base};
  if (!facts_.way_is_sure) return;
  for (const auto* name : {&facts_.destination, &facts_.expanded}) {
    const auto is_same = [name](const std::string& other) { return iequals(other, *name); };
    if (name->empty() || std::ranges::any_of(verdict_.names, is_same)) continue;
    verdict_.names.push_back(*name);
  }
}

void Decision::settle_fallback() {
  if (verdict_.require_extension) {
    // What cannot be known now may be known later: the records, or the policy that lists the host.
    const bool wants_policy = !facts_.way_is_sure || facts_.site == Level::MtaSts;
    const bool later = is_unknown(facts_.dane.state) ||
                       (facts_.sts_unknown && wants_policy && !verdict_.may_try());
    verdict_.fallback = later && hears_domain(facts_) ? Fallback::Wait : Fallback::Return;
  } else if (verdict_.requires_tls() || !verdict_.may_try()) {
    verdict_.fallback = Fallback::Wait;
  } else if (verdict_.wants_tls() && facts_.past == Past::HadTls) {
    verdict_.fallback = Fallback::Hold;
  }
}

}  // namespace

std::string_view name(Level level) { return levels[static_cast<std::size_t>(level)].second; }

std::string_view name(Fallback fallback) {
  constexpr std::array<std::string_view, 4> names{"plaintext", "hold", "wait", "return"};
  return names[static_cast<std::size_t>(fallback)];
}

const Level* level_named(std::string_view text) {
  for (const auto& [level, known] : levels) {
    if (known == text) return &level;
  }
  return nullptr;
}

bool hears_domain(const Facts& facts) {
  if (facts.site == Level::None || facts.site == Level::Fingerprint) return false;
  return facts.site != Level::Verify || facts.names.empty();
}

Verdict decide(const Facts& facts) { return Decision(facts).take(); }

}  // namespace outrider::trust
