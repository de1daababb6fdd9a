// A mailbox as the envelope names it. The grammar that makes one of bytes is in smtp/grammar.h.
#pragma once

#include <string>
#include <string_view>

namespace outrider {

/// Local-part and domain of a mailbox (RFC 5321 §4.1.2, RFC 6531 §3.3). Both empty: the null
/// reverse-path `<>`. An empty domain with a local-part is `<Postmaster>` (RFC 5321 §4.1.1.3).
///
/// The local-part is held unquoted (`a b`, not `"a b"`) and case is kept. The domain is lower
/// case; internationalised labels are held as A-labels (`xn--`); an address literal keeps its
/// brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
struct Address {
  std::string local_part;
  std::string domain;

  auto operator<=>(const Address&) const = default;
  bool is_null() const { return local_part.empty() && domain.empty(); }
  bool needs_smtputf8() const;  ///< the local-part has bytes beyond ASCII

  /// `local@domain`, quoted where the grammar wants it; empty for the null reverse-path.
  std::string text() const;
  /// The same in angle brackets: `<local@domain>`, `<>`.
  std::string path() const;
};

}  // namespace outrider
