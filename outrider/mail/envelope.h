// What travels with a message and is not in it: the envelope, and what became of each recipient.
// The queue keeps it, `receive` makes it, `deliver` acts on it, `console` shows it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/clock.h"

namespace outrider::mail {

enum class BodyType : std::uint8_t { SevenBit, EightBitMime, BinaryMime };
enum class Return : std::uint8_t { Unset, Full, Headers };  ///< RFC 3461 §4.3

/// RFC 3461 §4.1, as bits. 0: the parameter was absent, which means failure and delay.
enum Notify : std::uint8_t {
  notify_never = 1,
  notify_success = 2,
  notify_failure = 4,
  notify_delay = 8
};

enum class RecipientStatus : std::uint8_t {
  Pending,    ///< to be delivered, or deferred after an attempt
  Delivered,  ///< into a mailbox here
  Relayed,    ///< taken by the next hop
  Failed,     ///< will not be tried again
  Expanded    ///< replaced by other recipients
};

struct Recipient {
  Address address;    ///< where it goes
  std::string orcpt;  ///< `rfc822;user@example.org`, as the client gave it (RFC 3461 §4.2)
  std::uint8_t notify = 0;
  RecipientStatus status = RecipientStatus::Pending;
  std::string reply;   ///< the last words about it, `450 4.2.1 mailbox busy`; bounded, printable
  std::string remote;  ///< who said them: `mx.example.org[192.0.2.1]:25`; empty: we did
  std::string route;   ///< by way of `@one,@two` (RFC 788 §3.6); empty: straight

  bool operator==(const Recipient&) const = default;
};

/// Where a message came from, for the trace field, the log and notices.
struct Origin {
  std::string helo;      ///< bounded and printable
  std::string client;    ///< `192.0.2.1` or `IPv6:2001:db8::1`; empty: made here
  std::string protocol;  ///< ESMTP, ESMTPS, UTF8SMTPS, LMTP … (RFC 3848, RFC 6531)
  std::string tls;       ///< TlsFacts::text(), empty in clear
  bool operator==(const Origin&) const = default;
};

struct Envelope {
  Address reverse_path;  ///< null: no notice is ever sent
  /// A path of it has a source route that is honoured: who relays it adds itself to the reverse
  /// one (RFC 788 §3.6).
  bool routed = false;
  std::string reverse_route;  ///< `@two,@one`, as it came; notices go by it
  std::vector<Recipient> recipients;
  BodyType body = BodyType::SevenBit;
  bool has_eight_bit = false;  ///< the content has bytes above 127
  bool smtputf8 = false;
  bool require_tls = false;   ///< REQUIRETLS: not without TLS that is proven (RFC 8689 §2)
  bool tls_optional = false;  ///< `TLS-Required: No`: rather in clear than not at all (§3)
  Return ret = Return::Unset;
  std::string envid;
  Origin origin;
  Time arrived{};
  std::uint64_t size = 0;  ///< bytes of content as kept, with our trace field

  bool operator==(const Envelope&) const = default;
};

}  // namespace outrider::mail
