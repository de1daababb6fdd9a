// The parts of load_config(): one function a table. Within this module only.
#pragma once

#include <optional>
#include <string>

#include "outrider/app/config.h"
#include "outrider/app/values.h"

namespace outrider::app {

/// What the parts share while a configuration is made.
struct Making {
  const Document& document;
  Config& config;
  Errors errors;

  void complain(const Values& values, std::string_view key, std::string what);
  void complain(const Values& values, std::string_view key, const Error& error);
};

void take_service(Making& making);
void take_log(Making& making);
void take_queue(Making& making);
void take_tls(Making& making);
void take_listeners(Making& making);
void take_domains(Making& making);
void take_publications(Making& making);  ///< after take_domains()
void take_routes(Making& making);
void take_client_tls(Making& making);  ///< after take_routes()
void take_delivery(Making& making);
void take_dns(Making& making);
void take_trust(Making& making);  ///< after take_queue(), take_delivery()

/// What a listener demands of its clients; complains of what no server for the world may.
void take_inbound_policy(Making& making, const Values& values, const net::ListenAddress& address,
                         receive::ListenerOptions& listener);
/// [relay], [[partner]], and how this server knows itself in the DNS.
void take_known_clients(Making& making);

/// The group that a setting names; complains where there is none.
std::optional<gid_t> find_group(Making& making, const Values& values, std::string_view key);
/// SHA-256 digests of a list, in lower-case hex; complains of what is none.
std::vector<std::string> digests(Making& making, const Values& values, std::string_view key);
/// The networks of a list; complains of those that are none.
std::vector<Network> networks(Making& making, const Values& values, std::string_view key);

}  // namespace outrider::app
