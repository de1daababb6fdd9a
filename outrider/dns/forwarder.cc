#include "outrider/dns/forwarder.h"

#include "outrider/base/text.h"

namespace outrider::dns {

std::optional<Endpoint> read_forwarder(std::string_view text) {
  const auto at = text.find('@');
  const auto address = IpAddress::parse(text.substr(0, at));
  if (!address) return std::nullopt;
  if (at == std::string_view::npos) return Endpoint{*address, 53};
  const auto port = parse_number(text.substr(at + 1));
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

}  // namespace outrider::dns
