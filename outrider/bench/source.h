// The giving half of a load: so many messages, connections or handshakes to one server, at a known
// pace, and how the server took them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"
#include "outrider/bench/sizes.h"
#include "outrider/tls/context.h"

namespace outrider::bench {

enum class Pattern {
  Send,   ///< messages
  Greet,  ///< connections that say EHLO, begin TLS where it is wanted, and QUIT
  Idle    ///< the same, kept open in silence for `hold`
};

enum class TlsWish { None, StartTls, Implicit };

struct SourceOptions {
  Endpoint server;
  std::string host = "localhost";  ///< SNI, and the name that `verify` asks for
  std::string hostname = "source.bench.invalid";
  Pattern pattern = Pattern::Send;
  std::size_t sessions = 20;       ///< at once; of Idle: that connect at once
  std::size_t count = 1000;        ///< messages, or connections of the other patterns
  std::size_t per_connection = 0;  ///< messages; 0: as many as the server takes
  std::size_t recipients = 1;      ///< a message
  std::size_t users = 0;    ///< recipients turn through `0.USER` to `N-1.USER`; 0: not, if alone
  std::size_t domains = 0;  ///< recipients turn through `0.DOMAIN` to `N-1.DOMAIN`; 0: not
  Sizes sizes;
  std::string from = "source@bench.invalid";  ///< mailboxes of ASCII, both
  std::string to = "sink@bench.invalid";
  double rate = 0;  ///< messages or connections a second; 0: as many as it goes
  TlsWish tls = TlsWish::None;
  bool verify = false;  ///< the certificate must be good for `host`, else the connection is none
  bool resume = false;  ///< sessions of TLS are resumed where the server gives tickets
  bool pipelining = true, chunking = true;
  tls::ClientOptions tls_options;
  std::chrono::seconds patience{120};  ///< for a connection, a handshake
  std::chrono::seconds hold{10};       ///< of Idle
  unsigned threads = 1;
};

struct SourceResult {
  std::uint64_t run = 0;          ///< in the labels of the messages
  std::uint64_t messages = 0;     ///< for which at least one recipient got a 250
  std::uint64_t recipients = 0;   ///< of those
  std::uint64_t refused = 0;      ///< recipients with 4xx or 5xx
  std::uint64_t unanswered = 0;   ///< messages or connections that ended without an answer
  std::uint64_t connections = 0;  ///< that got as far as they should
  std::uint64_t resumed = 0;      ///< of them, by a ticket
  std::uint64_t bytes = 0;        ///< of content as it was sent, of messages that were taken
  double seconds = 0;             ///< from the first connection to the last answer
  /// Milliseconds to the last answer, sorted: from MAIL or from the connection, and with a rate
  /// from the moment each was due, so that a server which holds up the load cannot hide it.
  std::vector<float> latencies;
  std::string first_error;  ///< of what was refused or went unanswered
};

/// Runs to the end. `all_open` is called once all connections of Idle are open.
Result<SourceResult> run_source(const SourceOptions& options,
                                const std::function<void(const SourceResult&)>& all_open);

}  // namespace outrider::bench
