// What a server may ask of a client before it takes its mail: the inbound side, pure. The list
// message of 2001 on STARTTLS gave the chart of what a publicly referenced server may and may not
// answer to RCPT; it stands in admit.cc as a table. RFC 3207 §4.
#pragma once

#include <string_view>

namespace outrider::trust {

/// Whether the DNS lists this host as a mail exchanger of a domain: by an MX record, or by its
/// address where there is no MX (RFC 5321 §5.1). What cannot be found out is a state of its own.
enum class Listed { Unknown, No, Yes };

/// For what a listener demands TLS.
enum class TlsDemand {
  Never,
  Unlisted,  ///< for domains of which this host is not a listed exchanger
  Always     ///< for everything; no listener for the world may (RFC 3207 §4)
};

/// What is known at RCPT.
struct RecipientFacts {
  bool configured = false;  ///< the domain is ours
  Listed listed = Listed::Unknown;
  bool secure = false;     ///< TLS is active
  bool may_relay = false;  ///< the client may send to any domain, by its network or its certificate
  TlsDemand demand = TlsDemand::Never;
};

enum class Admission {
  ByRecipient,   ///< the mailbox alone decides: 2yz, 4yz or 5yz, in TLS or not
  Relay,         ///< taken for another domain
  NeedsTls,      ///< 530 5.7.0
  NotExchanger,  ///< 550 5.7.1: not this server's business
  ListedWrongly  ///< 550 5.7.1: the DNS says that it were
};

Admission admit(const RecipientFacts& facts);
/// Whether `listed` changes what admit() says.
bool needs_listing(const RecipientFacts& facts);

/// What an operator asks of mail from a domain or a network.
enum class PartnerDemand {
  Encrypt,  ///< TLS
  Verify    ///< TLS, and a certificate that verifies and carries one of the partner's names
};

enum class SenderAdmission { Welcome, NeedsTls, NeedsCertificate };

SenderAdmission admit_sender(PartnerDemand demand, bool secure, bool proven);

/// Whether a certificate's name is one that was asked for: the same, or below `.example.org` or
/// `*.example.org` (one label). Case does not matter.
bool names_match(std::string_view asked, std::string_view carried);

}  // namespace outrider::trust
