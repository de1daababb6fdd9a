#include "outrider/deliver/next_hop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/deliver/next_hop_choice.h"

namespace outrider::deliver {
namespace {

namespace asio = boost::asio;
using dns::awaitable;

enum class Family { V4, V6 };

awaitable<dns::AddressAnswer> ask(dns::Resolver& resolver, std::string name, Family family) {
  if (family == Family::V6) co_return co_await resolver.ipv6(std::move(name));
  co_return co_await resolver.ipv4(std::move(name));
}

/// All hosts and both families at once: a list of MX costs one round of waiting.
awaitable<std::vector<HostAnswers>> addresses_of(dns::Resolver& resolver,
                                                 const std::vector<Host>& hosts,
                                                 AddressFamilies families) {
  const auto executor = co_await asio::this_coro::executor;
  using Operation =
      decltype(asio::co_spawn(executor, ask(resolver, {}, Family::V4), asio::deferred));
  std::vector<Operation> operations;
  std::vector<std::pair<std::size_t, Family>> asked;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    for (const auto family : {Family::V6, Family::V4}) {
      const auto unwanted = family == Family::V4 ? AddressFamilies::Ipv6 : AddressFamilies::Ipv4;
      if (families == unwanted) continue;
      operations.push_back(
          asio::co_spawn(executor, ask(resolver, hosts[i].name, family), asio::deferred));
      asked.emplace_back(i, family);
    }
  }
  auto group = asio::experimental::make_parallel_group(std::move(operations));
  auto all = group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
  auto [order, faults, given] = co_await std::move(all);
  HostAnswers unasked;
  unasked.ipv4.status = unasked.ipv6.status = dns::Status::NoData;
  std::vector<HostAnswers> answers(hosts.size(), unasked);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (faults[i]) std::rethrow_exception(faults[i]);
    auto& place = answers[asked[i].first];
    (asked[i].second == Family::V4 ? place.ipv4 : place.ipv6) = std::move(given[i]);
  }
  co_return answers;
}

NextHop no_domain(const Destination& destination) {
  return std::unexpected(
      smtp::Reply(550, "5.1.3", "no domain to send to in \"" + printable(destination.key) + '"'));
}

}  // namespace

awaitable<NextHop> find_next_hop(dns::Resolver& resolver, Destination destination,
                                 HopOptions options) {
  const Route& route = destination.route;
  const bool by_route = route.kind != Route::Kind::Mx;
  const Search search{by_route ? route.host : destination.domain, by_route};
  if (route.address) co_return settle_address(search, *route.address, options);
  if (const auto literal = IpAddress::parse_literal(search.name)) {
    co_return settle_address(search, *literal, options);
  }
  if (search.name.empty() || search.name.starts_with('[')) co_return no_domain(destination);

  std::vector<Host> hosts;
  bool by_mx = false;
  if (route.mx_lookup) {
    const dns::MxAnswer mx = co_await resolver.mx(search.name);
    NextHop chosen = choose_hosts(search, mx, options);
    if (!chosen) co_return chosen;
    hosts = std::move(*chosen);
    by_mx = mx.found();
  } else {
    hosts.push_back(host_itself(search.name));
  }
  const std::vector<HostAnswers> answers = co_await addresses_of(resolver, hosts, options.families);
  const bool look_for_loops = by_mx || !by_route;
  co_return settle_hosts(search, std::move(hosts), answers, options, look_for_loops);
}

}  // namespace outrider::deliver
