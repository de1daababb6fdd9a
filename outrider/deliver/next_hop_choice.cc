#include "outrider/deliver/next_hop_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::deliver {
namespace {

using dns::Status;

// A fault of the operator's own route is no reason to return mail: RFC 3463 §3.4, X.3.5.
std::unexpected<smtp::Reply> refuse(const Search& search, int code, std::string_view status,
                                    std::string text) {
  if (!search.by_route || code < 500) return std::unexpected(smtp::Reply(code, status, text));
  return std::unexpected(
      smtp::Reply(451, "4.3.5",
                  fmt::format("the route by {} leads nowhere: {}", printable(search.name), text)));
}

std::string who(const Search& search) {
  return fmt::format("{} {}", search.by_route ? "the next hop" : "the domain",
                     printable(search.name));
}

std::unexpected<smtp::Reply> later(const Search& search, const dns::Answer& answer) {
  const auto* text = answer.status == Status::Bogus
                         ? "the DNS answers about {} are forged or broken (DNSSEC: {})"
                         : "the mail servers of {} cannot be looked up now: {}";
  return refuse(search, 451, "4.4.3",
                fmt::format(fmt::runtime(text), printable(search.name), answer.why));
}

std::unexpected<smtp::Reply> loops(const Search& search, std::string_view host) {
  return refuse(search, 554, "5.4.6",
                fmt::format("mail for {} would come back to this server: {} is its best mail "
                            "server, and is this one, which does not take mail for that domain",
                            printable(search.name), host));
}

bool is_own_name(std::string_view name, const HopOptions& options) {
  return std::ranges::any_of(options.own_names,
                             [&](const std::string& own) { return iequals(own, name); });
}

bool is_own_address(const IpAddress& address, const HopOptions& options) {
  if (options.loopback_is_own && address.is_loopback()) return true;
  return std::ranges::find(options.own_addresses, address) != options.own_addresses.end();
}

// 0.0.0.0/8 and :: mean this host to a kernel, and multicast is nobody's mail server.
bool is_usable(const IpAddress& address) {
  if (!address.v6) return address.bytes[0] != 0 && address.bytes[0] < 224;
  return address != IpAddress{.v6 = true} && address.bytes[0] != 0xFF;
}

std::uint32_t random_number() {
  thread_local std::minstd_rand random(std::random_device{}());
  return static_cast<std::uint32_t>(random());
}

Hosts sorted_hosts(const dns::MxAnswer& mx) {
  std::vector<std::pair<std::uint64_t, const dns::Mx*>> order;
  order.reserve(mx.hosts.size());
  for (const auto& host : mx.hosts) {
    // RFC 7505 §3: beside others, a null MX says nothing.
    if (host.host.empty()) continue;
    order.emplace_back(std::uint64_t{host.preference} << 32 | random_number(), &host);
  }
  std::ranges::sort(order);
  Hosts hosts;
  hosts.reserve(order.size());
  for (const auto& [key, host] : order) {
    if (std::ranges::find(hosts, host->host, &Host::name) != hosts.end()) continue;
    hosts.push_back({host->host, host->host, host->preference, mx.secure, false, {}, mx.ttl, {}});
    if (mx.secure) hosts.back().expanded = mx.canonical;
  }
  return hosts;
}

// RFC 5321 §5.1: with this server in the list, only better preferences are left.
void cut_from(std::vector<Host>& hosts, std::uint16_t preference) {
  std::erase_if(hosts, [&](const Host& host) { return host.preference >= preference; });
}

std::vector<IpAddress> usable(const dns::AddressAnswer& answer) {
  std::vector<IpAddress> addresses;
  for (const auto& address : answer.addresses) {
    if (is_usable(address)) addresses.push_back(address);
  }
  return addresses;
}

void take_addresses(Host& host, const HostAnswers& answers) {
  const auto v6 = usable(answers.ipv6);
  const auto v4 = usable(answers.ipv4);
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) host.addresses.push_back(v6[i]);
    if (i < v4.size()) host.addresses.push_back(v4[i]);
  }
  const auto& named = v6.empty() ? answers.ipv4 : answers.ipv6;
  if (!named.canonical.empty()) host.canonical = named.canonical;
  host.secure = (v6.empty() || answers.ipv6.secure) && (v4.empty() || answers.ipv4.secure);
  if (!v6.empty()) host.ttl = std::min(host.ttl, answers.ipv6.ttl);
  if (!v4.empty()) host.ttl = std::min(host.ttl, answers.ipv4.ttl);
}

bool is_own(const Host& host, const HopOptions& options) {
  return std::ranges::any_of(
      host.addresses, [&](const IpAddress& address) { return is_own_address(address, options); });
}

// Of the hosts without an address that are better than this server, where it is in the list.
const dns::Answer* first_temporary(const std::vector<Host>& hosts,
                                   const std::vector<HostAnswers>& answers, const Host* own) {
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (own != nullptr && hosts[i].preference >= own->preference) break;
    if (!hosts[i].addresses.empty()) continue;
    if (answers[i].ipv6.temporary()) return &answers[i].ipv6;
    if (answers[i].ipv4.temporary()) return &answers[i].ipv4;
  }
  return nullptr;
}

std::string names_of(const std::vector<Host>& hosts) {
  constexpr std::size_t shown = 3;
  std::string names;
  for (std::size_t i = 0; i < std::min(hosts.size(), shown); ++i) {
    names.append(i == 0 ? "" : ", ").append(hosts[i].name);
  }
  return hosts.size() > shown ? names + ", ..." : names;
}

std::unexpected<smtp::Reply> no_address(const Search& search, const std::vector<Host>& hosts,
                                        const HopOptions& options) {
  // Another setting would find the host: wait for it.
  if (options.families != AddressFamilies::Both) {
    const auto* family = options.families == AddressFamilies::Ipv4 ? "IPv4" : "IPv6";
    return refuse(search, 451, "4.4.4",
                  fmt::format("{} has no mail server with an {} address, and this server uses no "
                              "others",
                              who(search), family));
  }
  if (hosts.size() == 1 && hosts.front().name == search.name) {
    return refuse(search, 550, "5.4.4",
                  fmt::format("{} takes no mail: it has neither mail servers (MX) nor an address",
                              who(search)));
  }
  return refuse(search, 550, "5.4.4",
                fmt::format("no mail server of {} has an address that mail can go to: {}",
                            printable(search.name), names_of(hosts)));
}

}  // namespace

Host host_itself(const std::string& name) {
  return {name, name, 0, true, false, {}, std::chrono::hours(1), {}};
}

NextHop choose_hosts(const Search& search, const dns::MxAnswer& mx, const HopOptions& options) {
  switch (mx.status) {
    case Status::Bogus:
    case Status::Failed: return later(search, mx);
    case Status::NoName:
      return refuse(search, 550, "5.1.2", fmt::format("{} does not exist", who(search)));
    case Status::NoData: {
      Host host = host_itself(search.name);
      host.ttl = std::min(host.ttl, mx.ttl);
      return Hosts{std::move(host)};
    }
    case Status::Found: break;
  }
  auto hosts = sorted_hosts(mx);
  if (hosts.empty()) {
    return refuse(search, 556, "5.1.10",
                  fmt::format("{} takes no mail at all (null MX, RFC 7505)", who(search)));
  }
  const auto own = std::ranges::find_if(
      hosts, [&](const Host& host) { return is_own_name(host.name, options); });
  if (own != hosts.end()) {
    const auto name = own->name;
    cut_from(hosts, own->preference);
    if (hosts.empty()) return loops(search, name);
  }
  if (hosts.size() > options.hosts) hosts.resize(options.hosts);
  return hosts;
}

NextHop settle_hosts(const Search& search, std::vector<Host> hosts,
                     const std::vector<HostAnswers>& answers, const HopOptions& options,
                     bool look_for_loops) {
  Hosts settled;
  const Host* own = nullptr;
  for (std::size_t i = 0; i < hosts.size() && own == nullptr; ++i) {
    auto& host = hosts[i];
    take_addresses(host, answers[i]);
    if (look_for_loops && is_own(host, options)) {
      own = &host;
    } else if (!host.addresses.empty()) {
      settled.push_back(host);
      if (host.addresses.size() > options.addresses) {
        settled.back().addresses.resize(options.addresses);
      }
    }
  }
  if (own != nullptr) cut_from(settled, own->preference);
  // A better host may be there once DNS answers again.
  const auto* temporary = first_temporary(hosts, answers, own);
  settled.is_whole = temporary == nullptr;
  if (!settled.empty()) return settled;
  if (temporary != nullptr) return later(search, *temporary);
  if (own != nullptr) return loops(search, own->name);
  return no_address(search, hosts, options);
}

NextHop settle_address(const Search& search, const IpAddress& address, const HopOptions& options) {
  if (!search.by_route) {
    if (is_own_address(address, options)) return loops(search, address.text());
    if (!is_usable(address)) {
      return refuse(search, 550, "5.1.2",
                    fmt::format("{} is no address that mail can go to", address.text()));
    }
  }
  if ((options.families == AddressFamilies::Ipv4 && address.v6) ||
      (options.families == AddressFamilies::Ipv6 && !address.v6)) {
    return no_address(search, {}, options);
  }
  Host host = host_itself(address.text());
  host.addresses.push_back(address);
  return Hosts{std::move(host)};
}

}  // namespace outrider::deliver
