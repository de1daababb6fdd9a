#include "outrider/app/config_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "outrider/base/clock.h"

namespace outrider::app {
namespace {

constexpr std::chrono::days soon{21};

// The first table that gives it; the last one has the defaults.
const Values& where(Layers layers, std::string_view key) {
  for (const Values& table : layers) {
    if (table.section().find(key) && table.given(key)) return table;
  }
  return layers.back();
}

tls::Version version(Layers layers, std::string_view key) {
  return *tls::version_named(where(layers, key).text(key));
}

std::string joined(Layers layers, std::string_view key) {
  return fmt::format("{}", fmt::join(where(layers, key).list(key), ":"));
}

std::vector<tls::KeyPair> key_pairs(Making& making, const Values& values) {
  const auto certificates = values.list("certificate");
  const auto keys = values.list("key");
  if (!keys.empty() && keys.size() != certificates.size()) {
    making.complain(values, "key", "as many keys as certificates are needed, or none");
    return {};
  }
  std::vector<tls::KeyPair> pairs;
  auto& files = making.config.key_files;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    pairs.push_back({certificates[i], keys.empty() ? std::string() : keys[i]});
    const auto& file = keys.empty() ? certificates[i] : keys[i];
    if (std::ranges::find(files, file) == files.end()) files.push_back(file);
  }
  return pairs;
}

// The same certificate may serve many listeners: it is told of once.
void add_once(std::vector<std::string>& texts, std::string text) {
  if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
}

void tell_of(Making& making, const Values& values, const std::string& file,
             const tls::ServerContext& context) {
  auto& config = making.config;
  for (auto& text : context.warnings()) add_once(config.warnings, std::move(text));
  for (auto& text : context.notes()) add_once(config.notes, std::move(text));
  const auto left = context.expires() - now();
  const auto place = values.place("certificate");
  if (left <= Duration(0)) {
    const Error fault{Blame::Operator,
                      file + " has expired: servers that verify will not send here",
                      "TLS certificate", place};
    if (std::ranges::find(config.faults, fault) == config.faults.end())
      config.faults.push_back(fault);
  } else if (left < soon) {
    add_once(config.warnings, fmt::format("{}: {} expires in {}", place, file, spoken(left)));
  }
}

// Null where it names no certificate, or it cannot be used.
std::shared_ptr<const tls::ServerContext> load_context(Making& making, const Values& listener,
                                                       const tls::ServerOptions& options) {
  if (options.keys.empty()) return nullptr;
  const auto& certificates =
      listener.given("certificate") ? listener : making.document.table("tls");
  auto context = tls::ServerContext::load(options);
  if (!context) {
    const auto& file = options.client_ca_file;
    const bool authorities = !file.empty() && context.error().place == file;
    making.complain(authorities ? listener : certificates,
                    authorities ? "client_ca_file" : "certificate", context.error());
    return nullptr;
  }
  tell_of(making, certificates, options.keys.front().certificate_file, **context);
  return *context;
}

// Not asked for and not possible: said, and no reason not to start.
void go_without(Making& making, const Values& values, receive::ListenerOptions& listener) {
  const bool shared = making.document.table("tls").given("certificate");
  if (shared || values.given("certificate")) return;  // it was complained of
  if (values.given("tls")) {
    making.complain(values, "tls", "needs a certificate, here or in [tls]");
    return;
  }
  listener.tls = receive::TlsMode::None;
  making.config.warnings.push_back(
      fmt::format("{}: listener {} takes mail without TLS: there is no certificate",
                  values.place("address"), listener.name));
}

tls::ServerOptions server_options(Making& making, const Values& values,
                                  const receive::ListenerOptions& listener) {
  const auto& tls = making.document.table("tls");
  tls::ServerOptions options;
  options.keys = key_pairs(making, values.given("certificate") ? values : tls);
  const Table layers[] = {values, tls};
  options.parameters = take_tls_parameters(making, layers);
  options.ask_client = values.choice("client_certificates") != 0;
  options.client_ca_file = values.text("client_ca_file");
  options.ticket_keys = making.config.tls_files.ticket_keys;
  options.service = listener.name;
  options.web = listener.role == receive::Role::MtaSts;
  if (!options.ask_client && !options.client_ca_file.empty()) {
    making.complain(values, "client_ca_file", "is of no use with client_certificates = \"none\"");
  }
  return options;
}

void take_ticket_keys(Making& making) {
  auto& keys = making.config.tls_files.ticket_keys;
  const auto lifetime = making.document.table("tls").duration("ticket_key_lifetime");
  if (!keys || keys->lifetime() != lifetime) keys = std::make_shared<tls::TicketKeys>(lifetime);
}

// What a listener without TLS says of it.
void refuse_useless(Making& making, const Values& values) {
  for (const Setting& setting : values.section().settings) {
    const Setting* shared = section("tls").find(setting.key);
    const bool protocol = shared && shared->doc == setting.doc;
    const bool useless =
        protocol || setting.key == "certificate" || setting.key == "client_ca_file";
    if (useless && values.given(setting.key))
      making.complain(values, setting.key, "is of no use with tls = \"none\"");
  }
}

// A certificate in [tls] that no listener uses is looked at, too.
void look_at_unused(Making& making) {
  const auto& tls = making.document.table("tls");
  const auto uses = [](const Values& listener) {
    return !listener.given("certificate") && listener.text("tls") != "none";
  };
  if (std::ranges::any_of(making.document.list("listener"), uses)) return;
  tls::ServerOptions options;
  options.keys = key_pairs(making, tls);
  (void)load_context(making, tls, options);
}

}  // namespace

tls::Parameters tls_parameters(Layers layers) {
  tls::Parameters parameters;
  parameters.least = version(layers, "minimum_version");
  parameters.most = version(layers, "maximum_version");
  parameters.groups = joined(layers, "groups");
  parameters.suites = joined(layers, "suites");
  parameters.ciphers = joined(layers, "ciphers");
  parameters.signatures = joined(layers, "signatures");
  parameters.tickets = where(layers, "tickets").flag("tickets");
  parameters.padding = where(layers, "padding").number("padding");
  parameters.kernel = where(layers, "kernel").flag("kernel");
  return parameters;
}

tls::Parameters take_tls_parameters(Making& making, Layers layers) {
  auto parameters = tls_parameters(layers);
  const std::pair<tls::List, std::string_view> lists[] = {{tls::List::Groups, "groups"},
                                                          {tls::List::Suites, "suites"},
                                                          {tls::List::Ciphers, "ciphers"},
                                                          {tls::List::Signatures, "signatures"}};
  std::string* texts[] = {&parameters.groups, &parameters.suites, &parameters.ciphers,
                          &parameters.signatures};
  for (std::size_t i = 0; i < std::size(lists); ++i) {
    const auto [list, key] = lists[i];
    const auto known = tls::check(list, *texts[i]);
    if (known) continue;
    making.complain(where(layers, key), key, known.error());
    texts[i]->clear();  // so that it is told of once
  }
  if (parameters.least > parameters.most) {
    making.complain(where(layers, "minimum_version"), "minimum_version",
                    "is newer than maximum_version");
    parameters.most = tls::Version::Tls13;
  }
  return parameters;
}

void take_tls(Making& making) {
  const auto& values = making.document.table("tls");
  making.config.tls_files.watch = values.duration("watch");
  take_ticket_keys(making);
  look_at_unused(making);
}

void take_listener_tls(Making& making, const Values& values, receive::ListenerOptions& listener) {
  constexpr receive::TlsMode modes[] = {receive::TlsMode::StartTls, receive::TlsMode::Implicit,
                                        receive::TlsMode::None};
  listener.tls = modes[values.choice("tls")];
  if (listener.role == receive::Role::MtaSts) {
    if (values.given("tls") && listener.tls != receive::TlsMode::Implicit) {
      making.complain(values, "tls", "policies are served with TLS from the first byte alone");
    }
    listener.tls = receive::TlsMode::Implicit;
  }
  auto& made_of = making.config.tls_files.servers.emplace_back();
  if (listener.tls == receive::TlsMode::None) return refuse_useless(making, values);
  made_of = server_options(making, values, listener);
  listener.tls_context = load_context(making, values, made_of);
  if (!listener.tls_context) go_without(making, values, listener);
}

std::vector<std::string> files_of(const Config& config) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& file) {
    if (!file.empty()) add_once(files, file);
  };
  const auto add_pair = [&add](const tls::KeyPair& pair) {
    add(pair.certificate_file);
    add(pair.key_file);
  };
  for (const auto& server : config.tls_files.servers) {
    for (const auto& pair : server.keys) {
      add_pair(pair);
      add(pair.certificate_file + ".ocsp");
    }
    add(server.client_ca_file);
  }
  if (config.tls_client.key) add_pair(*config.tls_client.key);
  add(config.tls_client.ca_file);
  return files;
}

}  // namespace outrider::app
