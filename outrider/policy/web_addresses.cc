#include "outrider/policy/web_addresses.h"

namespace outrider::policy {
namespace {

constexpr std::size_t most_addresses = 8;

void add(WebAddresses& all, const dns::AddressAnswer& answer) {
  if (answer.temporary()) all.why = answer.why;
  for (const IpAddress& address : answer.addresses) {
    if (answer.found() && all.found.size() < most_addresses) all.found.push_back(address);
  }
}

}  // namespace

awaitable<WebAddresses> web_addresses(dns::Resolver& resolver, std::string host) {
  WebAddresses all;
  const dns::AddressAnswer v6 = co_await resolver.ipv6(host);
  const dns::AddressAnswer v4 = co_await resolver.ipv4(host);
  // Of each, half the places.
  add(all, v4);
  if (all.found.size() > most_addresses / 2) all.found.resize(most_addresses / 2);
  add(all, v6);
  if (all.why.empty()) all.why = "no address";
  co_return all;
}

}  // namespace outrider::policy
