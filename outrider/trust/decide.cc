#include "outrider/trust/decide.h"

#include <algorithm>
#include <array>
#include <utility>

namespace outrider::trust {
namespace {

constexpr std::array levels{
    std::pair{Level::None, std::string_view{"none"}},
    std::pair{Level::Opportunistic, std::string_view{"opportunistic"}},
    std::pair{Level::Encrypt, std::string_view{"encrypt"}},
    std::pair{Level::Verify, std::string_view{"verify"}},
};

std::string rule_of(Level level, const Facts& facts) {
  switch (level) {
    case Level::None: return "TLS is switched off for " + facts.destination;
    case Level::Opportunistic: return "TLS where the next hop offers it (RFC 3207 §4)";
    case Level::Encrypt: return "TLS is demanded for " + facts.destination;
    case Level::Verify: return "TLS with a verified name is demanded for " + facts.destination;
  }
  return {};
}

// Sorted by strength, so that the demand that decides is read first; among equals the first made.
void rank(std::vector<Reason>& reasons) {
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.level > b.level; });
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

}  // namespace

std::string_view name(Level level) { return levels[static_cast<std::size_t>(level)].second; }

const Level* level_named(std::string_view text) {
  for (const auto& [level, known] : levels) {
    if (known == text) return &level;
  }
  return nullptr;
}

Verdict decide(const Facts& facts) {
  Verdict verdict;
  verdict.reasons.push_back({facts.site, facts.site_source, rule_of(facts.site, facts)});
  rank(verdict.reasons);
  verdict.level = verdict.reasons.front().level;
  verdict.fallback = verdict.requires_tls() ? Fallback::Wait : Fallback::Plaintext;
  if (verdict.wants_tls()) verdict.names = names_for(facts);
  return verdict;
}

}  // namespace outrider::trust
