// `outrider tls probe`: what a server does about TLS, rule by rule. It comes as a client, by
// several short connections, each limited in time; no mail is sent: a transaction never gets as far
// as DATA.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace outrider::app {

struct ProbeOptions {
  std::string server;   ///< `host`, `host:port`, `[ipv6]:port`, `smtps://host`
  std::string ca_file;  ///< PEM; empty: the system's
  std::string name;     ///< that the certificate must carry; empty: the host
  std::string helo;     ///< empty: this machine's name
  bool draft = false;   ///< `TLS` and `STARTTLS TLS1.2` of draft-hoffman-smtp-ssl
  bool lmtp = false;
  std::chrono::seconds timeout{10};  ///< for each connection, reply and handshake
  std::vector<std::string> only;     ///< ids of rules; empty: all
  bool json = false;
  bool verbose = false;  ///< the evidence too
};

/// 0: no rule failed; 1: at least one did; 64: a rule that there is not; 66: no such file of
/// authorities; 69: the server cannot be reached, or does not greet.
int tls_probe(const ProbeOptions& options);

/// Prints the rules that there are.
int list_probe_rules(bool json);

}  // namespace outrider::app
