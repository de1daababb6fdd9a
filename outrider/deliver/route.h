// Where mail goes, as an operator writes it: one line of text to a checked value.
//
//     mx                                   by the domain's MX records (the default)
//     smtp://relay.example                 a next hop: its MX records, else its addresses; port 25
//     smtp://[relay.example]:587           that very host, no MX lookup
//     smtp://192.0.2.1:2525                smtp://[2001:db8::1]:25 for IPv6
//     smtps://[relay.example]              TLS from the first byte; port 465
//     lmtp://[mail.example]:24             RFC 2033; lmtp:unix:/run/dovecot/lmtp for a socket
//     maildir:/var/mail/{domain}/{user}    also {local_part}: the user with its tag
//     discard                              taken and dropped
//     error:550 5.7.1 not here             refused with these words
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/address.h"
#include "outrider/base/ip.h"
#include "outrider/base/result.h"
#include "outrider/deliver/tls_profile.h"
#include "outrider/smtp/reply.h"
#include "outrider/trust/decide.h"

namespace outrider::deliver {

struct Route {
  enum class Kind { Mx, Smtp, Smtps, Lmtp, Maildir, Discard, TlsReports, Error };

  Kind kind = Kind::Mx;
  std::string host;                  ///< name in lower case, without brackets; empty with address
  std::optional<IpAddress> address;  ///< the text named an address
  std::uint16_t port = 25;           ///< of all kinds that connect
  bool mx_lookup = true;             ///< false: the host itself (`[host]`, an address, LMTP)
  std::string socket;                ///< LMTP: path of a Unix socket; then host is empty
  std::string maildir;               ///< absolute path with {user}, {domain}, {local_part}
  std::string recipient_delimiter = "+";  ///< what ends {user} in the local-part; empty: nothing
  smtp::Reply reply;                      ///< of Error: 4yz or 5yz with a status
  std::optional<trust::Level> tls;        ///< nothing: as the site's default says
  TlsProfile profile;                     ///< of TLS beyond the level; not in text()

  bool connects() const { return kind < Kind::Maildir; }
  bool operator==(const Route&) const = default;

  /// As an operator would write it, with `?tls=encrypt` where the level is set; parse_route()
  /// of it gives the same route (but for the delimiter).
  std::string text() const;
};

/// Reads the forms above. `mx` and those with `//` may end in `?tls=LEVEL`. Errors are the
/// operator's, and name the text and the rule it broke.
Result<Route> parse_route(std::string_view text);

/// The Maildir of one recipient. Fails where the address gives no safe name for a folder: empty,
/// a leading dot, `/`, a control byte, bytes that are no UTF-8, or more than 255 bytes.
Result<std::string> maildir_path(const Route& route, const Address& recipient);

}  // namespace outrider::deliver
