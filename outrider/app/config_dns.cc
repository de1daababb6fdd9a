#include <fmt/format.h>

#include <string>
#include <string_view>

#include "outrider/app/config_parts.h"
#include "outrider/base/text.h"
#include "outrider/dns/forwarder.h"

namespace outrider::app {
namespace {

using dns::Validation;

void complain_of(Making& making, const Values& values, std::string_view what) {
  making.complain(values, "validation",
                  fmt::format("\"{}\" {}", printable(values.text("validation")), what));
}

// RFC 4035 §4.9.3: another's word on signatures counts only where it comes by a safe way. Whether
// the way is safe cannot be seen from here, but on loopback it is.
void warn_of_the_way(Making& making, const Values& values) {
  for (const auto& text : making.config.dns.forwarders) {
    const auto forwarder = dns::read_forwarder(text);
    if (!forwarder || forwarder->address.is_loopback()) continue;
    making.config.warnings.push_back(fmt::format(
        "{}: validation = \"resolver\" believes what comes from {}; whoever sits on the "
        "way there can forge it: put a validating resolver on loopback",
        values.place("validation"), forwarder->address.text()));
  }
}

void check_forwarders(Making& making, const Values& values) {
  for (const auto& text : making.config.dns.forwarders) {
    if (dns::read_forwarder(text)) continue;
    making.complain(values, "forwarders",
                    fmt::format("\"{}\" is no address, or address@port", printable(text)));
  }
}

void check_validation(Making& making, const Values& values) {
  const auto& dns = making.config.dns;
  if (dns.validation == Validation::Own) return;
  if (dns.forwarders.empty()) {
    complain_of(making, values, "needs forwarders: it is they who are believed");
  }
  if (!dns.hosts_file.empty()) {
    complain_of(making, values, "goes without hosts_file: the forwarders do not know it");
  }
  if (dns.validation == Validation::Resolver) warn_of_the_way(making, values);
}

}  // namespace

void take_dns(Making& making) {
  const auto& values = making.document.table("dns");
  auto& dns = making.config.dns;
  dns.validation = static_cast<Validation>(values.choice("validation"));
  dns.forwarders = values.list("forwarders");
  dns.trust_anchor_files = values.list("trust_anchors");
  dns.hosts_file = values.text("hosts_file");
  dns.unbound_options = values.list("unbound_options");
  dns.timeout = values.duration("timeout");
  making.config.receive.reverse_dns = values.flag("reverse");
  check_forwarders(making, values);
  check_validation(making, values);
}

}  // namespace outrider::app
