// What clients must bring before their mail is taken: listeners' demands, relaying, partners.
#include <fmt/format.h>

#include <algorithm>

#include "outrider/app/config_parts.h"
#include "outrider/app/config_tls.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace {

constexpr std::uint16_t smtp_port = 25;

constexpr std::string_view listed_rule =
    "a publicly referenced server must take mail for its own domains without TLS (RFC 3207 §4)";

bool is_public_port(const net::ListenAddress& address) {
  const auto* endpoint = std::get_if<Endpoint>(&address.where);
  return endpoint != nullptr && endpoint->port == smtp_port;
}

// What would keep mail of servers without TLS, or with a certificate nobody knows, from a domain
// whose DNS sends them here.
void check_listener_for_the_world(Making& making, const Values& values,
                                  const net::ListenAddress& address,
                                  const receive::ListenerOptions& listener) {
  if (listener.role != receive::Role::Mx) return;
  if (listener.require_tls == trust::TlsDemand::Always) {
    making.complain(values, "require_tls",
                    fmt::format("\"always\" with role = \"mx\": {}. Use \"unlisted\", or role = "
                                "\"submission\" or \"relay\"",
                                listed_rule));
  }
  if (listener.client_certificates == receive::ClientCertificates::Require) {
    making.complain(values, "client_certificates",
                    fmt::format("\"require\" with role = \"mx\": {}. Use \"ask\"", listed_rule));
  }
  if (listener.tls == receive::TlsMode::Implicit && is_public_port(address)) {
    making.complain(values, "tls",
                    fmt::format("\"implicit\" on port 25: {}. Use \"starttls\"", listed_rule));
  }
}

void check_demands(Making& making, const Values& values, const receive::ListenerOptions& listener) {
  if (listener.tls != receive::TlsMode::None) return;
  for (const std::string_view key : {"require_tls", "client_certificates", "starttls"}) {
    if (values.given(key)) making.complain(values, key, "needs TLS, and this listener has none");
  }
}

// draft-hoffman-smtp-ssl §4: what the listener can negotiate, and nothing else.
std::vector<std::string> tokens(const tls::Parameters& parameters) {
  std::vector<std::string> list;
  const auto most = static_cast<unsigned>(parameters.most);
  for (auto version = static_cast<unsigned>(parameters.least); version <= most; ++version)
    list.push_back("TLS1." + std::to_string(version));
  return list;
}

receive::KnownCertificates known_certificates(Making& making, const Values& values) {
  return {digests(making, values, "certificates"), values.list("certificate_names")};
}

void take_partner(Making& making, const Values& values) {
  receive::Partner partner;
  partner.domain = to_lower(values.text("domain"));
  partner.networks = networks(making, values, "networks");
  partner.demand = static_cast<trust::PartnerDemand>(values.choice("tls"));
  partner.certificates = known_certificates(making, values);
  if (partner.domain.empty() && partner.networks.empty())
    return making.complain(values, "domain", "is needed, or networks");
  const auto& known = partner.certificates;
  const bool nobody = known.digests.empty() && known.names.empty();
  if (partner.demand == trust::PartnerDemand::Verify && nobody) {
    return making.complain(values, "tls",
                           "\"verify\" needs certificates or certificate_names to verify");
  }
  making.config.receive.partners.push_back(std::move(partner));
}

}  // namespace

std::vector<std::string> digests(Making& making, const Values& values, std::string_view key) {
  std::vector<std::string> found;
  for (const std::string& given : values.list(key)) {
    std::string digest = to_lower(given);
    if (digest.starts_with("sha256:")) digest.erase(0, 7);
    std::erase(digest, ':');  // as openssl prints it
    const bool hex = digest.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!hex || digest.size() != 64) {
      making.complain(values, key,
                      fmt::format("\"{}\" is no SHA-256: 64 digits in hex", printable(given, 100)));
      continue;
    }
    found.push_back(std::move(digest));
  }
  return found;
}

void take_inbound_policy(Making& making, const Values& values, const net::ListenAddress& address,
                         receive::ListenerOptions& listener) {
  listener.require_tls = static_cast<trust::TlsDemand>(values.choice("require_tls"));
  listener.client_certificates =
      static_cast<receive::ClientCertificates>(values.choice("client_certificates"));
  listener.smtp.start_tls_form = static_cast<smtp::StartTlsForm>(values.choice("starttls"));
  const Table layers[] = {values, making.document.table("tls")};
  listener.smtp.tls_tokens = tokens(tls_parameters(layers));
  check_listener_for_the_world(making, values, address, listener);
  check_demands(making, values, listener);
}

void take_known_clients(Making& making) {
  auto& receive = making.config.receive;
  const Values& relay = making.document.table("relay");
  receive.relay_networks = networks(making, relay, "networks");
  receive.relay_certificates = known_certificates(making, relay);
  for (const Values& values : making.document.list("partner")) take_partner(making, values);
  const Values& inbound = making.document.table("inbound");
  receive.past = static_cast<receive::PastRule>(inbound.choice("tls_gone"));
  receive.history.memory = inbound.duration("tls_memory");
  receive.history.wait = inbound.duration("tls_gone_wait");
  auto& listing = receive.listing;
  listing.patience = making.document.table("dns").duration("listed_time");
  listing.own_addresses = making.config.deliver.own_addresses;
  listing.own_names = making.config.deliver.own_names;
  listing.own_names.push_back(making.config.hostname);
  for (std::string& name : listing.own_names) name = to_lower(name);
}

}  // namespace outrider::app
