// The configuration of the server: a file read, checked, and turned into the modules' options.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outrider/app/trust_parts.h"
#include "outrider/app/values.h"
#include "outrider/base/log.h"
#include "outrider/deliver/options.h"
#include "outrider/deliver/routes.h"
#include "outrider/deliver/tls_profile.h"
#include "outrider/dns/resolver.h"
#include "outrider/net/listener.h"
#include "outrider/queue/queue.h"
#include "outrider/receive/options.h"
#include "outrider/tls/context.h"

namespace outrider::app {

/// A user or group of the system that a setting names.
struct Identity {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct ServiceOptions {
  std::optional<Identity> user;  ///< with its group, or the one that is set
  unsigned threads = 0;          ///< as many as there will be
  Duration drain{};
};

struct ConsoleOptions {
  std::string socket;
  std::optional<gid_t> group;
};

struct ListenerConfig {
  std::string name;
  net::ListenAddress address;
  net::ListenOptions options;
  std::optional<gid_t> group;  ///< of a Unix socket
  std::string place;           ///< in the file, for errors when it is bound
};

/// What the contexts of TLS were made of, so that they can be made again when a file changes.
struct TlsFiles {
  std::vector<tls::ServerOptions> servers;  ///< in the order of receive.listeners; keys may be none
  std::shared_ptr<tls::TicketKeys> ticket_keys;
  Duration watch{};  ///< how often files are looked at; 0: never
};

/// What a domain of ours wants others to know.
struct Publication {
  std::string policy;                  ///< text of its MTA-STS policy; empty: none
  std::string policy_id;               ///< changes when the text does
  std::vector<std::string> report_to;  ///< URIs for TLS reports
};

struct Config {
  std::string file;
  std::string hostname;
  ServiceOptions service;
  LogOptions log;
  queue::Options queue;  ///< without destination_of and shards
  receive::Options receive;
  std::vector<std::string> key_files;
  std::vector<ListenerConfig> listeners;  ///< in the order of receive.listeners
  TlsFiles tls_files;
  deliver::Options deliver;
  std::shared_ptr<const deliver::Routes> routes;
  tls::ClientOptions tls_client;
  std::vector<tls::Parameters> tls_client_sets;  ///< of routes that differ
  deliver::TlsContexts tls_client_contexts;
  dns::Options dns;
  TrustOptions trust;
  std::map<std::string, Publication, std::less<>> publications;  ///< by domain
  ConsoleOptions console;
  std::vector<std::string> warnings;  ///< what may be meant, and is better looked at
  /// What `check` and a reload refuse; a server that starts bears it: better than no mail at all.
  Errors faults;
  std::vector<std::string> notes;  ///< what the library chose, for the log
  /// Tables that take effect at the start alone, by name, to tell a reload that changed one.
  std::map<std::string, Values, std::less<>> at_start;
};

/// Reads all of it: the file, certificates, aliases, users, routes. All errors are told, each with
/// its place. With keys of tickets, those are used on where their lifetime is still the same.
std::expected<Config, Errors> load_config(const std::string& file,
                                          std::shared_ptr<tls::TicketKeys> ticket_keys = nullptr);
/// The same for text that is already there; `file` names it in errors.
std::expected<Config, Errors> load_config(std::string_view toml, const std::string& file,
                                          std::shared_ptr<tls::TicketKeys> ticket_keys = nullptr);

/// Where the server that runs with this file listens for the command line. Other errors in the
/// file are no hindrance, and its certificates are not looked at: whoever asks may not read them.
Result<std::string> control_socket(const std::string& file);

}  // namespace outrider::app
