#include "outrider/receive/entrance.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/dns/resolver.h"
#include "outrider/net/proxy_header.h"

namespace outrider::receive {
namespace {

constexpr std::size_t most_lookups = 256;
constexpr std::size_t longest_name = 253;

bool is_trusted(const ListenerOptions& listener, const std::optional<Endpoint>& peer) {
  if (!peer) return true;
  return std::ranges::any_of(listener.proxy_trusted, [&](const Network& network) {
    return network.contains(peer->address);
  });
}

/// How many bytes of a header are missing at least, so that none behind it is taken.
std::size_t surely_missing(std::string_view so_far) {
  constexpr std::size_t shortest_text = 15;  // "PROXY UNKNOWN\r\n"
  constexpr std::size_t shortest_tcp = 32;   // "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"
  constexpr std::size_t shortest_tcp6 = 24;  // "PROXY TCP6 :: :: 1 1\r\n" and its ends
  constexpr std::size_t binary = 16;         // before addresses and extensions
  if (so_far.size() < shortest_text) return shortest_text - so_far.size();
  if (so_far.front() == '\r') {
    if (so_far.size() < binary) return binary - so_far.size();
    const auto high = static_cast<unsigned char>(so_far[14]);
    const auto low = static_cast<unsigned char>(so_far[15]);
    const std::size_t whole = binary + high * 256u + low;
    return std::clamp<std::size_t>(whole - std::min(whole, so_far.size()), 1,
                                   net::longest_proxy_header);
  }
  if (so_far.starts_with("PROXY TCP4") && so_far.size() < shortest_tcp)
    return shortest_tcp - so_far.size();
  if (so_far.starts_with("PROXY TCP6") && so_far.size() < shortest_tcp6 - 2)
    return shortest_tcp6 - 2 - so_far.size();
  return so_far.back() == '\r' ? 1 : 2;
}

/// A name counts only where it leads back to the address (RFC 8601 §2.7.3 calls it iprev).
awaitable<bool> leads_back(dns::Resolver& resolver, std::string name, IpAddress address) {
  dns::AddressAnswer answer;
  if (address.v6) {
    answer = co_await resolver.ipv6(name);
  } else {
    answer = co_await resolver.ipv4(name);
  }
  co_return std::ranges::find(answer.addresses, address) != answer.addresses.end();
}

awaitable<void> find_name(std::shared_ptr<Reception> reception, IpAddress address,
                          std::shared_ptr<ClientName> into) {
  dns::Resolver& resolver = *reception->resolver;
  const dns::TextAnswer names = co_await resolver.pointer(address);
  if (names.found() && !names.texts.empty() && names.texts.front().size() <= longest_name) {
    const std::string name = names.texts.front();
    if (co_await leads_back(resolver, name, address)) into->name = printable(name);
  }
  reception->lookups.fetch_sub(1, std::memory_order_release);
}

}  // namespace

awaitable<Result<std::optional<Endpoint>>> read_proxy_header(net::Stream& stream,
                                                             const ListenerOptions& listener) {
  const std::optional<Endpoint> peer = stream.peer();
  const std::string place = peer ? peer->text() : "unix";
  if (!is_trusted(listener, peer))
    co_return fail(Blame::Peer, "this peer may not send a PROXY header", "proxy_trusted", place);
  std::array<char, net::longest_proxy_header> bytes;
  std::size_t have = 0;
  const Steady end = steady_now() + listener.time.proxy_header;
  for (;;) {
    const std::size_t missing = surely_missing({bytes.data(), have});
    if (have + missing > bytes.size())
      co_return fail(Blame::Peer, "PROXY header too long", "PROXY protocol", place);
    const auto left = std::chrono::ceil<std::chrono::seconds>(end - steady_now());
    if (left <= std::chrono::seconds(0))
      co_return fail(Blame::Peer, "no PROXY header in time", "time limit", place);
    const Result<std::size_t> n =
        co_await stream.read_some(std::span(bytes).subspan(have, missing), left);
    if (!n) co_return std::unexpected(n.error());
    if (*n == 0) co_return fail(Blame::Peer, "closed within the PROXY header", {}, place);
    have += *n;
    const Result<net::ProxyHeader> header = net::parse_proxy_header({bytes.data(), have});
    if (!header) {
      Error error = header.error();
      error.place = place;
      co_return std::unexpected(std::move(error));
    }
    if (header->complete()) co_return header->source;
  }
}

awaitable<bool> stays_silent(net::Stream& stream, std::chrono::seconds pause) {
  const Result<void> spoke = co_await stream.wait_readable(pause);
  co_return !spoke && spoke.error().rule == "time limit";
}

std::shared_ptr<const ClientName> look_up_name(std::shared_ptr<Reception> reception,
                                               const Options& options, net::IoThread& thread,
                                               const std::optional<Endpoint>& client) {
  if (!options.reverse_dns || reception->resolver == nullptr || !client) return nullptr;
  if (reception->lookups.fetch_add(1, std::memory_order_relaxed) >= most_lookups) {
    reception->lookups.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  auto name = std::make_shared<ClientName>();
  thread.spawn(find_name(std::move(reception), client->address, name));
  return name;
}

}  // namespace outrider::receive
