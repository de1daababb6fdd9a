#include "outrider/app/find_server.h"

#include "outrider/app/tls_probe_target.h"
#include "outrider/base/text.h"

namespace outrider::app {

Result<Endpoint> find_server(const std::string& server, std::string& host) {
  const auto target = probe::parse_target(server, false);
  // How TLS begins is not said by a scheme here.
  if (!target || server.contains("://"))
    return fail(Blame::Operator, "\"" + printable(server) + "\" is no server",
                "HOST[:PORT] or [IPV6]:PORT, with a port from 1 to 65535");
  host = target->host;
  const auto endpoints = probe::find(*target);
  if (!endpoints) return std::unexpected(endpoints.error());
  return endpoints->front();
}

}  // namespace outrider::app
