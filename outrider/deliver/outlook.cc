#include "outrider/deliver/outlook.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "outrider/policy/dane_lookup.h"
#include "outrider/smtp/domain_name.h"
#include "outrider/tls/tlsa_data.h"

namespace outrider::deliver {
namespace {

// What the DNS allows to be believed, within reason: a change takes effect soon, and a burst of
// mail does not ask for each message.
constexpr std::chrono::seconds least_trust{5}, most_trust{300};

Steady believed_until(std::chrono::seconds ttl) {
  return steady_now() + std::clamp(ttl, least_trust, most_trust);
}

trust::Facts facts_of(const Site& site, const Destination& destination, const Host& host) {
  trust::Facts facts;
  facts.destination = policy_domain(destination);
  facts.mx_host = host.name;
  facts.site = destination.route.tls.value_or(site.options.tls);
  facts.site_source = destination.route.tls ? "route" : "default";
  facts.names = destination.route.profile.names;
  facts.pins = destination.route.profile.pins;
  facts.way_is_sure = host.sure;
  facts.expanded = host.expanded;
  return facts;
}

bool wants_dane(const Site& site, const trust::Facts& facts, const Route& route) {
  const bool demanded = facts.site == trust::Level::Dane || facts.site == trust::Level::DaneOnly;
  return (site.options.dane || demanded) && route.kind != Route::Kind::Lmtp;
}

// RFC 8461 §3.4: of the domain, or of a smart host that is found as a domain is.
bool wants_sts(const Site& site, const Destination& destination) {
  return site.sts != nullptr && destination.route.mx_lookup &&
         destination.route.kind != Route::Kind::Lmtp && !destination.route.address;
}

// A record that no session can match promises TLS, and proves nobody.
void drop_unreadable(trust::DaneFacts& dane) {
  if (dane.state != trust::DaneState::Usable) return;
  std::erase_if(dane.records, [](const Tlsa& record) { return !tls::is_readable(record); });
  if (dane.records.empty()) dane.state = trust::DaneState::Unusable;
}

awaitable<void> add_policy(policy::StsPolicies& policies, Outlook& outlook) {
  const auto domain = smtp::to_a_labels(outlook.facts.destination, true);
  if (!domain || domain->empty() || domain->starts_with('[')) co_return;
  outlook.sts = co_await policies.find(*domain);
  if (!outlook.sts.policy) {
    const policy::StsState& sts = outlook.sts;
    outlook.facts.sts_unknown = !sts.is_settled || sts.failure || !sts.unknown.empty();
    co_return;
  }
  outlook.facts.sts = *outlook.sts.policy;
  const auto left = outlook.sts.policy->expires() - now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  outlook.until = std::min(outlook.until, believed_until(seconds));
}

}  // namespace

const std::string& policy_domain(const Destination& destination) {
  return destination.domain.empty() ? destination.route.host : destination.domain;
}

std::string ledger_name(const Destination& destination) {
  if (!destination.domain.empty()) return destination.domain;
  const std::string route = destination.route.text();
  return route.substr(0, route.find('?'));
}

std::string place_of(const Destination& destination, const Host& host) {
  return fmt::format("{}:{}", host.name, destination.route.port);
}

awaitable<Outlook> look_at(const Site& site, Destination destination, Host host) {
  Outlook outlook;
  outlook.facts = facts_of(site, destination, host);
  outlook.until = believed_until(host.ttl);
  if (!trust::hears_domain(outlook.facts)) co_return outlook;
  if (wants_dane(site, outlook.facts, destination.route)) {
    trust::DaneHost asked{host.name, host.canonical, IpAddress::parse(host.name).has_value(),
                          host.secure};
    policy::DaneAnswer dane =
        co_await policy::look_up_dane(site.resolver, std::move(asked), destination.route.port);
    outlook.facts.dane = std::move(dane.facts);
    drop_unreadable(outlook.facts.dane);
    outlook.until = std::min(outlook.until, believed_until(dane.ttl));
  }
  if (wants_sts(site, destination)) co_await add_policy(*site.sts, outlook);
  co_return outlook;
}

}  // namespace outrider::deliver
