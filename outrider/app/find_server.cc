#include "outrider/app/find_server.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "outrider/base/text.h"

namespace outrider::app {

Result<Endpoint> find_server(const std::string& server, std::string& host) {
  if (const auto endpoint = Endpoint::parse(server)) {
    host = endpoint->address.text();
    return *endpoint;
  }
  const auto colon = server.rfind(':');
  host = server.substr(0, colon);
  const auto port = colon == std::string::npos ? std::string("25") : server.substr(colon + 1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0)
    return fail(Blame::Operator,
                fmt::format("cannot find {}: {}", printable(server), gai_strerror(error)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  std::array<char, 64> text{};
  ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                NI_NUMERICHOST);
  const auto address = IpAddress::parse(text.data());
  const auto number = parse_number(port);
  if (!address || !number)
    return fail(Blame::Operator, "cannot use the address of " + printable(server));
  return Endpoint{*address, static_cast<std::uint16_t>(*number)};
}

}  // namespace outrider::app
