// DANE for SMTP, without the asking: which names have TLSA records to look for, which records are
// of use, and what their state means for a host. RFC 7672 §2.2, §3; RFC 7671 §9.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/tlsa.h"

namespace outrider::trust {

/// What DANE comes to at one host.
enum class DaneState {
  Off,       ///< not asked: switched off, or the host is an address and no name
  Insecure,  ///< the names or the addresses on the way to the host are not signed
  Absent,    ///< no TLSA record, or none that is signed
  Unusable,  ///< there are signed ones, and none that can be used: TLS, whoever it is with
  Usable,
  Failed,   ///< a look-up had no answer: nobody knows
  Bogus,    ///< signatures do not hold
  Disputed  ///< two ways of validation do not agree
};
std::string_view name(DaneState state);  ///< `off`, `insecure`, …

/// Whether the host is not to be tried, because what is published cannot be known.
constexpr bool is_unknown(DaneState state) { return state >= DaneState::Failed; }

/// What the address look-up of a host told.
struct DaneHost {
  std::string name;         ///< as the MX record or the route has it
  std::string canonical;    ///< where CNAMEs led; the name itself where there were none
  bool is_address = false;  ///< an address literal
  bool secure = false;      ///< the whole chain, down to the addresses
};

/// Whether it matters if the name itself is a signed alias: RFC 7672 §2.2.2, "Insecure CNAME".
bool needs_alias(const DaneHost& host);

/// The TLSA base domains to look at, in their order; none: DANE does not apply. `alias_is_secure`:
/// the answer to needs_alias().
std::vector<std::string> tlsa_bases(const DaneHost& host, bool alias_is_secure = false);

/// `_25._tcp.mx.example` (RFC 7672 §2.2.3).
std::string tlsa_name(std::string_view base, std::uint16_t port);

/// Of the kinds that count for SMTP, with data of the length that the kind has; a whole certificate
/// or key has the outer form of DER. Usages 0 and 1 do not count (RFC 7672 §3.1.3).
bool is_usable(const Tlsa& record);

/// Those of use. Of several digests of one usage and selector the strongest alone: RFC 7671 §9.
std::vector<Tlsa> usable_records(const std::vector<Tlsa>& records);

/// DANE at one host, as a decision takes it.
struct DaneFacts {
  DaneState state = DaneState::Off;
  std::string base;           ///< the TLSA base domain, where there are records
  std::vector<Tlsa> records;  ///< usable ones
  std::string why;            ///< of a state that is_unknown(), printable
};

/// What the answer of one base domain means. `found`: signed records were there. Nothing: the next
/// base domain is to be looked at, and after the last the state is Absent.
std::optional<DaneFacts> settle_base(std::string base, bool found, std::vector<Tlsa> records);

}  // namespace outrider::trust
