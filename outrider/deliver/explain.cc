#include "outrider/deliver/explain.h"

#include <utility>

namespace outrider::deliver {

awaitable<Explanation> explain(std::shared_ptr<Site> site, Address recipient, trust::Wish wish) {
  const auto ways = site->ways();
  const Destination destination = ways->routes->destination(ways->routes->key_for(recipient));
  Explanation explanation;
  explanation.destination = destination.key;
  explanation.domain = policy_domain(destination);
  explanation.route = destination.route.text();
  explanation.connects = destination.route.connects() && destination.route.socket.empty();
  const auto name = ledger_name(destination);
  explanation.known = site->ledger.domain(name);
  if (!explanation.connects) co_return explanation;
  NextHop hosts = co_await find_next_hop(site->resolver, destination, site->hops);
  if (!hosts) {
    explanation.nowhere = hosts.error();
    co_return explanation;
  }
  explanation.is_whole = hosts->is_whole;
  for (Host& host : *hosts) {
    ExplainedHost each;
    each.outlook = co_await look_at(*site, destination, host);
    trust::Facts facts = each.outlook.facts;
    const auto place = place_of(destination, host);
    facts.wish = wish;
    facts.past = site->ledger.past(place, name, now());
    each.known = site->ledger.host(place);
    each.verdict = trust::decide(facts);
    each.host = std::move(host);
    explanation.hosts.push_back(std::move(each));
  }
  co_return explanation;
}

}  // namespace outrider::deliver
