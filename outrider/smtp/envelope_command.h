// MAIL and RCPT with their parameters, as values: what the server's parser makes and the client's
// writer takes. RFC 5321 §4.1.1.2 and §4.1.1.3; SIZE RFC 1870, BODY RFC 6152 and RFC 3030,
// SMTPUTF8 RFC 6531, DSN RFC 3461 §4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "outrider/base/address.h"

namespace outrider::smtp {

enum class Body { SevenBit, EightBitMime, BinaryMime };
enum class Ret { Unset, Full, Headers };  ///< RFC 3461 §4.3

/// NOTIFY of RFC 3461 §4.1. All false: the parameter was absent.
struct Notify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;
  bool operator==(const Notify&) const = default;
};

/// The command that opens a transaction, and so where it goes (RFC 788 §4.1.1).
enum class Way {
  Mail,        ///< MAIL: to mailboxes
  Send,        ///< SEND: to the terminals of users who are logged in
  SendOrMail,  ///< SOML: there, else to the mailbox
  SendAndMail  ///< SAML: there and to the mailbox
};

struct MailCommand {
  Address reverse_path;
  std::optional<std::uint64_t> size;  ///< bytes, as declared
  Body body = Body::SevenBit;
  bool smtputf8 = false;
  bool require_tls = false;  ///< REQUIRETLS (RFC 8689 §2)
  Ret ret = Ret::Unset;
  std::string envid;  ///< decoded from xtext (RFC 3461 §4.4): printable ASCII, at most 100 bytes

  std::string
      route;  ///< before the path: `@two,@one`, who relayed it, the last first (RFC 788 §3.6)
  Way way = Way::Mail;

  bool operator==(const MailCommand&) const = default;
};

struct RcptCommand {
  Address forward_path;
  Notify notify;
  std::string orcpt;  ///< `rfc822;user@example.org`, decoded (RFC 3461 §4.2); empty: absent

  std::string route;  ///< before the path: `@one,@two`; ignored by default (RFC 5321 appendix C)

  bool operator==(const RcptCommand&) const = default;
};

}  // namespace outrider::smtp
