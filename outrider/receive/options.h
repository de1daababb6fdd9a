// What an operator can set about taking mail: plain values with their defaults and units. The
// configuration fills them; a reload makes new ones, and connections keep those they began with.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/ip.h"
#include "outrider/receive/past.h"
#include "outrider/receive/recipients.h"
#include "outrider/smtp/server_session.h"
#include "outrider/tls/context.h"
#include "outrider/trust/admit.h"

namespace outrider::receive {

/// Who talks to a listener, and so which recipients it takes.
enum class Role {
  Mx,          ///< the world: local domains; from relay networks any domain
  Submission,  ///< our users: from relay networks any domain, from others nothing
  Relay,       ///< our own servers: the same
  Lmtp,        ///< a server beside us (RFC 2033): as Mx, one answer per recipient
  MtaSts       ///< web clients that ask for our MTA-STS policies; no mail
};

enum class TlsMode {
  None,
  StartTls,  ///< offered; used where the client asks (RFC 3207)
  Implicit   ///< from the first byte (RFC 8314 §3)
};

struct ConnectionLimits {
  std::size_t connections = 2000;             ///< on all listeners together
  std::size_t connections_per_network = 100;  ///< of one client network
  unsigned network_prefix_v4 = 32;            ///< bits that make a client network, 0 to 32
  unsigned network_prefix_v6 = 64;            ///< 0 to 128
  std::size_t log_refusals = 20;  ///< lines `refused` of one connection; more are only counted

  bool operator==(const ConnectionLimits&) const = default;
};

struct TimeLimits {
  std::chrono::seconds connection{4 * 3600};  ///< a connection's whole life
  std::chrono::seconds handshake{60};         ///< TLS
  std::chrono::seconds proxy_header{10};      ///< until the PROXY header is complete
  std::chrono::seconds write{120};            ///< until the client took our replies
  /// Wait before the greeting; who speaks in it is refused: 554. 0: no wait and no check.
  std::chrono::seconds greet_pause{0};

  bool operator==(const TimeLimits&) const = default;
};

struct HeaderLimits {
  std::size_t bytes = 256 * 1024;  ///< of the header block; more: 552 5.3.4
  std::size_t fields = 2000;       ///< more: 552 5.3.4
  std::size_t hops = 100;          ///< Received fields; more: 554 5.4.6 (RFC 5321 §6.3)

  bool operator==(const HeaderLimits&) const = default;
};

/// Whether clients are asked for a certificate, and what follows.
enum class ClientCertificates {
  None,
  Ask,     ///< one that is known may relay; others cost nothing
  Require  ///< without one that is known: 554 5.7.0 to all but QUIT (RFC 3207 §4.1)
};

/// Clients that are known by their certificate (draft-hoffman-smtp-ssl §2).
struct KnownCertificates {
  std::vector<std::string> digests;  ///< SHA-256 of the certificate or of its key, lower-case hex
  /// Names that a certificate which verifies may carry: `mx.example.org`, `.example.org`.
  std::vector<std::string> names;

  bool contain(const TlsFacts& facts) const;
};

/// A domain or network whose mail is taken with TLS alone.
struct Partner {
  std::string domain;             ///< of the reverse-path, lower case; `.example.org`: all below
  std::vector<Network> networks;  ///< or the client's; mail of either is meant
  trust::PartnerDemand demand = trust::PartnerDemand::Encrypt;
  KnownCertificates certificates;  ///< for Verify

  bool covers(std::string_view sender_domain, const std::optional<Endpoint>& client) const;
};

/// How this server finds out whether the DNS lists it as the exchanger of a domain.
struct ListingOptions {
  std::vector<std::string> own_names;    ///< lower case: an MX of that name is this server
  std::vector<IpAddress> own_addresses;  ///< besides the one that the client connected to
  std::chrono::milliseconds patience{
      2000};  ///< for the reply to RCPT, for a forecast too; 0: it is never asked
  std::chrono::seconds least_kept{60};  ///< of an answer, whatever its TTL
  std::chrono::seconds longest_kept{3600};
};

struct ListenerOptions {
  std::string name;  ///< in the log; unique, the key by which a reload finds it
  Role role = Role::Mx;
  TlsMode tls = TlsMode::None;
  std::shared_ptr<const tls::ServerContext> tls_context;  ///< set unless tls is None
  /// For what TLS is demanded. Always: 530 5.7.0 to all but NOOP, EHLO, STARTTLS and QUIT.
  trust::TlsDemand require_tls = trust::TlsDemand::Never;
  ClientCertificates client_certificates = ClientCertificates::None;
  bool proxy_protocol = false;         ///< each connection begins with a PROXY header
  std::vector<Network> proxy_trusted;  ///< who may say so; a Unix socket is always trusted
  /// The protocol's part: name, limits, line ends. `lmtp` and `offer_starttls` follow role and tls.
  smtp::ServerOptions smtp;
  TimeLimits time;
  HeaderLimits header;
  /// Where users are logged in, for SEND, SOML and SAML. Source routes are honoured where
  /// smtp.heritage is set.
  std::string utmp = "/run/utmp";
};

/// What is certain about a recipient of a message with REQUIRETLS: the reply it is refused with.
using Forecast = std::function<boost::asio::awaitable<std::optional<smtp::Reply>>(Address)>;

/// MTA-STS policies of domains of ours, as they are served.
using ServedPolicies = std::map<std::string, std::string, std::less<>>;

struct Options {
  std::vector<ListenerOptions> listeners;
  std::shared_ptr<const ServedPolicies> policies;  ///< null: none
  std::shared_ptr<const LocalDomains> domains;     ///< null: no domain is ours
  const LocalDomains& local_domains() const;
  std::vector<Network> relay_networks;   ///< clients that may send to any domain
  KnownCertificates relay_certificates;  ///< so may clients that show one of these
  std::vector<Partner> partners;         ///< the first that fits decides
  ListingOptions listing;
  PastRule past = PastRule::Tell;
  trust::HistoryRules history;  ///< of the start; a reload does not change them
  ConnectionLimits limits;
  bool reverse_dns = false;  ///< look up the client's name for the log and the trace field
};

}  // namespace outrider::receive
