#include "outrider/deliver/security.h"

#include <utility>

namespace outrider::deliver {

std::string rule_of(const trust::Verdict& verdict) {
  return verdict.reasons.empty() ? std::string() : verdict.reasons.front().rule;
}

std::string told_rule_of(const trust::Verdict& verdict) {
  const bool usual = verdict.reasons.empty() || verdict.reasons.front().source == "default";
  return usual ? std::string() : verdict.reasons.front().rule;
}

smtp::Reply insecure(const trust::Verdict& verdict, std::string text) {
  if (verdict.fallback == trust::Fallback::Return) return {550, "5.7.10", std::move(text)};
  return {450, "4.7.5", std::move(text)};
}

trust::Wish wish_of(const mail::Envelope& envelope) {
  if (envelope.require_tls && !envelope.reverse_path.is_null()) return trust::Wish::RequireTls;
  return envelope.tls_optional && !envelope.require_tls ? trust::Wish::TlsOptional
                                                        : trust::Wish::Nothing;
}

}  // namespace outrider::deliver
