// Where mail goes, and the TLS of each way.
#include <fmt/format.h>

#include <algorithm>

#include "outrider/app/config_parts.h"
#include "outrider/app/config_tls.h"
#include "outrider/base/text.h"
#include "outrider/smtp/domain_name.h"

namespace outrider::app {
namespace {

constexpr std::string_view protocol_keys[] = {"minimum_version", "maximum_version", "groups",
                                              "suites",          "ciphers",         "signatures",
                                              "tickets",         "padding",         "kernel"};

std::vector<std::string> tls_names(Making& making, const Values& values) {
  std::vector<std::string> names;
  for (const auto& text : values.list("tls_names")) {
    if (const auto name = smtp::to_a_labels(text, true)) {
      names.push_back(to_lower(*name));
    } else {
      making.complain(values, "tls_names",
                      fmt::format("\"{}\" is no domain name", printable(text)));
    }
  }
  return names;
}

// What a route that does not connect, or never uses TLS, is told.
void complain_of_useless(Making& making, const Values& values, const deliver::Route& route) {
  const auto level =
      route.tls.value_or(*trust::level_named(making.document.table("delivery").text("tls")));
  const bool none = !route.connects() || !route.socket.empty() || level == trust::Level::None;
  if (level != trust::Level::Verify && values.given("tls_names")) {
    making.complain(values, "tls_names", "is of no use without tls = \"verify\"");
  }
  const bool pinned = level == trust::Level::Fingerprint;
  if (pinned == values.list("tls_fingerprints").empty()) {
    making.complain(values, pinned ? "tls" : "tls_fingerprints",
                    pinned ? "\"fingerprint\" needs tls_fingerprints"
                           : "is of no use without tls = \"fingerprint\"");
  }
  if (!none) return;
  for (const auto key : protocol_keys) {
    if (values.given(key)) making.complain(values, key, "is of no use where there is no TLS");
  }
  if (values.given("starttls")) {
    making.complain(values, "starttls", "is of no use where there is no TLS");
  }
}

void take_profile(Making& making, const Values& values, deliver::Route& route) {
  if (values.given("tls")) route.tls = *trust::level_named(values.text("tls"));
  complain_of_useless(making, values, route);
  route.profile.names = tls_names(making, values);
  route.profile.pins = digests(making, values, "tls_fingerprints");
  if (values.given("starttls")) {
    route.profile.form = static_cast<smtp::StartTlsForm>(values.choice("starttls"));
  }
  const auto given = [&values](std::string_view key) { return values.given(key); };
  if (std::ranges::none_of(protocol_keys, given)) return;
  const Table layers[] = {values, making.document.table("delivery"), making.document.table("tls")};
  route.profile.parameters = take_tls_parameters(making, layers);
  making.config.tls_client_sets.push_back(*route.profile.parameters);
}

void add_route(Making& making, deliver::Routes& routes, const Values& values,
               std::string_view pattern_key, std::string_view via_key) {
  if (!values.given(pattern_key) || !values.given(via_key)) {
    return making.complain(values, values.given(pattern_key) ? via_key : pattern_key, "is needed");
  }
  auto route = deliver::parse_route(values.text(via_key));
  if (!route) return making.complain(values, via_key, route.error());
  if (values.section().name == "route") take_profile(making, values, *route);
  if (values.section().find("recipient_delimiter")) {
    route->recipient_delimiter = values.text("recipient_delimiter");
  }
  auto pattern = values.text(pattern_key);
  if (const auto name = smtp::to_a_labels(pattern, true)) pattern = *name;
  if (const auto added = routes.add(pattern, std::move(*route)); !added) {
    making.complain(values, pattern_key, added.error());
  }
}

}  // namespace

void take_routes(Making& making) {
  auto routes = std::make_shared<deliver::Routes>();
  for (const Values& values : making.document.list("domain")) {
    add_route(making, *routes, values, "name", "deliver");
  }
  for (const Values& values : making.document.list("route")) {
    add_route(making, *routes, values, "domain", "via");
  }
  making.config.routes = std::move(routes);
}

void take_client_tls(Making& making) {
  const auto& values = making.document.table("tls");
  auto& client = making.config.tls_client;
  client.ca_file = values.text("ca_file");
  const Table layers[] = {making.document.table("delivery"), values};
  client.parameters = take_tls_parameters(making, layers);
  const auto certificate = values.text("client_certificate");
  if (!certificate.empty()) {
    client.key = tls::KeyPair{certificate, values.text("client_key")};
    making.config.key_files.push_back(client.key->key_file.empty() ? certificate
                                                                   : client.key->key_file);
  } else if (values.given("client_key")) {
    making.complain(values, "client_key", "needs client_certificate");
  }
  auto contexts = deliver::TlsContexts::load(client, making.config.tls_client_sets);
  if (!contexts) {
    const bool own = client.key && contexts.error().place != client.ca_file;
    return making.complain(values, own ? "client_certificate" : "ca_file", contexts.error());
  }
  making.config.tls_client_contexts = std::move(*contexts);
}

}  // namespace outrider::app
