// The taking half of a load: a server that takes every message, looks whether it is whole and
// whether it came once, and keeps none. It can be slow and it can refuse.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "outrider/base/result.h"
#include "outrider/net/listener.h"
#include "outrider/smtp/server_session.h"
#include "outrider/tls/context.h"

namespace outrider::bench {

struct SinkOptions {
  net::ListenAddress address;
  unsigned threads = 1;
  std::optional<tls::KeyPair> key;  ///< null: no TLS is offered
  bool implicit_tls = false;
  tls::Parameters parameters;
  /// PEM: clients are asked for a certificate, and those of these authorities are counted. Empty:
  /// nobody is asked.
  std::string client_ca_file;
  double refuse = 0;                   ///< share of recipients that get 550, always the same ones
  std::chrono::milliseconds delay{0};  ///< before the answer to a message
  smtp::ServerOptions smtp;            ///< host name and limits; what is said of TLS is set here
};

/// A delivery is one message to one recipient.
struct SinkCounts {
  std::uint64_t connections = 0;
  std::uint64_t secured = 0;     ///< of them in TLS
  std::uint64_t resumed = 0;     ///< of those by a ticket
  std::uint64_t verified = 0;    ///< of those with a client's certificate that is good
  std::uint64_t messages = 0;    ///< taken
  std::uint64_t deliveries = 0;  ///< taken
  std::uint64_t distinct = 0;    ///< of them, each counted once however often it came
  std::uint64_t refused = 0;     ///< recipients
  std::uint64_t damaged = 0;     ///< messages that are not as their source made them
  std::uint64_t unlabelled = 0;  ///< messages of no source: smtp-source, for one
  std::uint64_t bytes = 0;       ///< of content
};

/// Takes mail from its construction to its end.
class Sink {
 public:
  static Result<std::unique_ptr<Sink>> start(const SinkOptions& options);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  net::ListenAddress address() const;  ///< with the port that was given
  SinkCounts counts() const;           ///< from any thread

 private:
  struct State;
  explicit Sink(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace outrider::bench
