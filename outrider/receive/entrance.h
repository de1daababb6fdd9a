// What comes before the first reply: the PROXY header, the implicit handshake, the pause in which
// a client has to be silent, and the client's name.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"
#include "outrider/net/stream.h"
#include "outrider/receive/client.h"
#include "outrider/receive/options.h"
#include "outrider/receive/reception.h"

namespace outrider::receive {

using boost::asio::awaitable;

/// Reads the PROXY header and not a byte more, because TLS may follow. The client it names;
/// nothing where the proxy speaks for itself. Fails for a peer that is not trusted.
awaitable<Result<std::optional<Endpoint>>> read_proxy_header(net::Stream& stream,
                                                             const ListenerOptions& listener);

/// False: the client spoke in the pause before the greeting (or is gone).
awaitable<bool> stays_silent(net::Stream& stream, std::chrono::seconds pause);

/// Begins to look up the client's name, where options, resolver and the number of look-ups allow.
/// Null: it does not.
std::shared_ptr<const ClientName> look_up_name(std::shared_ptr<Reception> reception,
                                               const Options& options, net::IoThread& thread,
                                               const std::optional<Endpoint>& client);

}  // namespace outrider::receive
