// Who is at the other end of a connection, for policy, log and trace field.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "outrider/base/ip.h"

namespace outrider::receive {

/// The client's name by reverse DNS: empty until the look-up, which nobody waits for, is done, and
/// where the name does not lead back to the address.
struct ClientName {
  std::string name;
};

struct Client {
  std::string session;               ///< links the log lines of a connection
  std::optional<Endpoint> endpoint;  ///< nothing for a Unix socket
  bool may_relay = false;            ///< of a relay network
  /// Shared with the look-up, which may end after the connection.
  std::shared_ptr<const ClientName> name;

  /// `[192.0.2.1]:4000`, `[2001:db8::1]:4000`, `unix`.
  std::string text() const;
  /// As Envelope::origin has it: `192.0.2.1`, `IPv6:2001:db8::1`, empty for a Unix socket.
  std::string origin_address() const;
};

/// Short, and unique for the life of a queue as long as fewer than a million connections come a
/// second: 11 letters and digits. Safe from any thread.
std::string next_session_id();

}  // namespace outrider::receive
