#include "outrider/trust/admit.h"

#include <array>
#include <cstddef>

#include "outrider/base/text.h"

namespace outrider::trust {
namespace {

struct Row {
  bool configured;
  Listed listed;
  /// TLS is demanded for what the row is about (`Unlisted` or `Always`), and absent.
  Admission without_tls;
  Admission otherwise;
};

// The chart of 2001 for a client that may not relay. `Unknown` is taken as what costs the client
// less: it never makes a server demand TLS for its own domain.
// clang-format off
constexpr std::array chart{
    //  ours   in the DNS        TLS demanded, absent       else
    Row{false, Listed::No,      Admission::NeedsTls,       Admission::NotExchanger},
    Row{false, Listed::Unknown, Admission::NeedsTls,       Admission::NotExchanger},
    Row{false, Listed::Yes,     Admission::ListedWrongly,  Admission::ListedWrongly},
    Row{true,  Listed::Yes,     Admission::ByRecipient,    Admission::ByRecipient},
    Row{true,  Listed::Unknown, Admission::ByRecipient,    Admission::ByRecipient},
    Row{true,  Listed::No,      Admission::NeedsTls,       Admission::ByRecipient},
};
// clang-format on

}  // namespace

Admission admit(const RecipientFacts& facts) {
  const bool lacks_tls = facts.demand != TlsDemand::Never && !facts.secure;
  if (!facts.configured && facts.may_relay)
    return lacks_tls ? Admission::NeedsTls : Admission::Relay;
  for (const Row& row : chart) {
    if (row.configured == facts.configured && row.listed == facts.listed)
      return lacks_tls ? row.without_tls : row.otherwise;
  }
  return Admission::NotExchanger;
}

bool needs_listing(const RecipientFacts& facts) {
  if (facts.configured) return facts.demand != TlsDemand::Never && !facts.secure;
  return !facts.may_relay;
}

SenderAdmission admit_sender(PartnerDemand demand, bool secure, bool proven) {
  if (!secure) return SenderAdmission::NeedsTls;
  const bool enough = demand == PartnerDemand::Encrypt || proven;
  return enough ? SenderAdmission::Welcome : SenderAdmission::NeedsCertificate;
}

bool names_match(std::string_view asked, std::string_view carried) {
  if (asked.empty()) return false;
  const bool one_label = asked.starts_with("*.");
  if (one_label) asked.remove_prefix(1);
  if (!asked.starts_with('.')) return iequals(asked, carried);
  if (carried.size() <= asked.size()) return false;
  const auto label = carried.size() - asked.size();
  if (!iequals(carried.substr(label), asked)) return false;
  return !one_label || !carried.substr(0, label).contains('.');
}

}  // namespace outrider::trust
