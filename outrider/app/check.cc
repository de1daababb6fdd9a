#include "outrider/app/check.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cerrno>

#include "outrider/app/config.h"
#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"
#include "outrider/console/client.h"

namespace outrider::app {
namespace {

struct Findings {
  Errors errors;
  std::vector<std::string> warnings;
  std::vector<std::string> facts;
};

// An address that cannot be had is no error here: it may be systemd's, for activation, or need
// root.
void look_at_ports(const Config& config, Findings& findings) {
  if (console::ask(config.console.socket, R"({"command":"status"})")) {
    findings.facts.push_back("a server runs and answers at " + config.console.socket);
    return;
  }
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.address.where.index() != 0) continue;
    const auto bound = net::Listener::bind(listener.address, 1);
    if (!bound) findings.warnings.push_back(listener.place + ": " + bound.error().text());
  }
}

void add_once(std::vector<std::string>& texts, std::string text) {
  if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
}

// Listeners may share a certificate: it is told of once.
void look_at_certificate(const receive::ListenerOptions& listener, const Config& config,
                         Findings& findings) {
  const auto& context = *listener.tls_context;
  for (const auto& text : context.describe()) add_once(findings.facts, "certificate: " + text);
  for (const auto& text : context.notes()) add_once(findings.facts, "TLS: " + text);
  if (context.names(config.hostname)) return;
  findings.warnings.push_back(fmt::format(
      "listener {}: the certificate does not name {}; servers that verify will not send here",
      listener.name, config.hostname));
}

void look_at_certificates(const Config& config, Findings& findings) {
  findings.errors.insert(findings.errors.end(), config.faults.begin(), config.faults.end());
  for (const auto& listener : config.receive.listeners) {
    if (listener.tls_context) look_at_certificate(listener, config, findings);
  }
  for (const auto& file : config.key_files) {
    struct stat status;
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & 007) != 0)
      findings.warnings.push_back(file + ": everybody may read this key; chmod o-rwx");
  }
}

// Of `key`; the folder itself may be made by the server, the one above it not.
void look_at_folder(const std::string& path, const std::string& key, const Config& config,
                    Findings& findings) {
  struct stat status;
  const auto complain = [&](std::string what) {
    findings.errors.push_back({Blame::Operator, std::move(what), key, config.file});
  };
  if (::stat(path.c_str(), &status) != 0) {
    const auto parent = path.substr(0, path.rfind('/'));
    if (errno == ENOENT && ::stat(parent.c_str(), &status) == 0) return;  // it will be made
    complain("the folder can not be made: " + parent + " is missing");
  } else if (!S_ISDIR(status.st_mode)) {
    complain(path + " is no folder");
  } else if ((status.st_mode & 022) != 0) {
    complain(path + ": others may write in it; chmod 0700");
  }
}

void look_at_relaying(const Config& config, Findings& findings) {
  for (const Network& network : config.receive.relay_networks) {
    if (network.prefix > 0) continue;
    findings.errors.push_back({Blame::Operator,
                               "relay.networks holds " + network.text() + ": an open relay",
                               "an MTA relays for its own clients alone", config.file});
  }
  for (const auto& listener : config.receive.listeners) {
    const bool ours_only =
        listener.role == receive::Role::Submission || listener.role == receive::Role::Relay;
    if (ours_only && config.receive.relay_networks.empty()) {
      findings.warnings.push_back(fmt::format(
          "listener {} takes mail from relay.networks alone, and there are none", listener.name));
    }
  }
}

void print_json(const Findings& findings) {
  namespace json = boost::json;
  json::array errors, warnings, facts;
  for (const auto& error : findings.errors) {
    errors.push_back(
        json::object{{"place", error.place}, {"error", error.input}, {"rule", error.rule}});
  }
  for (const auto& warning : findings.warnings) warnings.push_back(json::value(warning));
  for (const auto& fact : findings.facts) facts.push_back(json::value(fact));
  print(json::serialize(json::object{{"ok", findings.errors.empty()},
                                     {"errors", std::move(errors)},
                                     {"warnings", std::move(warnings)},
                                     {"facts", std::move(facts)}}) +
        "\n");
}

void print_text(const Findings& findings, const std::string& file) {
  for (const auto& fact : findings.facts) print(fact + "\n");
  for (const auto& warning : findings.warnings) print("warning: " + warning + "\n");
  print_errors(findings.errors);
  if (findings.errors.empty()) print(file + ": good\n");
}

}  // namespace

int check(const std::string& file, bool json) {
  Findings findings;
  if (const auto config = load_config(file)) {
    findings.warnings = config->warnings;
    look_at_ports(*config, findings);
    look_at_certificates(*config, findings);
    look_at_folder(config->queue.path, "queue.path", *config, findings);
    look_at_folder(config->trust.path, "trust.path", *config, findings);
    look_at_relaying(*config, findings);
  } else {
    findings.errors = config.error();
  }
  json ? print_json(findings) : print_text(findings, file);
  return findings.errors.empty() ? exit_ok : exit_config;
}

}  // namespace outrider::app
