// The lines that a message gets on its way: Received and Return-Path (RFC 5321 §4.4), Delivered-To.
// All of them are safe whatever a client said: no value can begin a line or a field of its own.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/address.h"
#include "outrider/base/clock.h"
#include "outrider/base/tls_facts.h"
#include "outrider/mail/envelope.h"

namespace outrider::mail {

/// The `with` keyword: SMTP, ESMTP, ESMTPS, ESMTPA, UTF8SMTPSA, LMTPS … (RFC 3848, RFC 6531 §4.3).
std::string protocol_keyword(bool extended, bool lmtp, bool secure, bool authenticated,
                             bool smtputf8);

struct Received {
  const Origin* origin = nullptr;           ///< HELO name, client, protocol
  std::string_view client_name;             ///< from reverse DNS; empty: `unknown`
  const TlsFacts* tls = nullptr;            ///< null: in clear
  std::string_view host;                    ///< ours
  std::string_view id;                      ///< the queue's name for the message
  const Address* only_recipient = nullptr;  ///< for the `for` clause; null where there are several
  Time time{};
};

/// The field with line ends, folded at 78 columns where it can be.
std::string received_field(const Received& received);
/// `Return-Path: <a@example.org>` with its line end (RFC 5321 §4.4), for final delivery; with a
/// source route before the address where the message came by one (RFC 788 §4.1.1).
std::string return_path_field(const Address& reverse_path, std::string_view route = {});
/// `Delivered-To: a@example.org` with its line end.
std::string delivered_to_field(const Address& recipient);

}  // namespace outrider::mail
