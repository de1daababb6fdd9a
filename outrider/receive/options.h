// What an operator can set about taking mail: plain values with their defaults and units. The
// configuration fills them; a reload makes new ones, and connections keep those they began with.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/ip.h"
#include "outrider/receive/recipients.h"
#include "outrider/smtp/server_session.h"
#include "outrider/tls/context.h"

namespace outrider::receive {

/// Who talks to a listener, and so which recipients it takes.
enum class Role {
  Mx,          ///< the world: local domains; from relay networks any domain
  Submission,  ///< our users: from relay networks any domain, from others nothing
  Relay,       ///< our own servers: the same
  Lmtp         ///< a server beside us (RFC 2033): as Mx, one answer per recipient
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

struct ListenerOptions {
  std::string name;  ///< in the log; unique, the key by which a reload finds it
  Role role = Role::Mx;
  TlsMode tls = TlsMode::None;
  std::shared_ptr<const tls::ServerContext> tls_context;  ///< set unless tls is None
  bool proxy_protocol = false;         ///< each connection begins with a PROXY header
  std::vector<Network> proxy_trusted;  ///< who may say so; a Unix socket is always trusted
  /// The protocol's part: name, limits, line ends. `lmtp` and `offer_starttls` follow role and tls.
  smtp::ServerOptions smtp;
  TimeLimits time;
  HeaderLimits header;
};

struct Options {
  std::vector<ListenerOptions> listeners;
  std::shared_ptr<const LocalDomains> domains;  ///< null: no domain is ours
  std::vector<Network> relay_networks;          ///< clients that may send to any domain
  ConnectionLimits limits;
  bool reverse_dns = false;  ///< look up the client's name for the log and the trace field
};

}  // namespace outrider::receive
