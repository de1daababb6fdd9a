// The keys of session tickets (RFC 5077, RFC 8446 §4.6.1). They live in memory only, and are new
// every few hours: who gets hold of one reads no more than a day of recorded sessions of TLS 1.2,
// and none of TLS 1.3, whose resumption exchanges keys again.
#pragma once

#include <memory>

#include "outrider/base/clock.h"

namespace outrider::tls {

/// Safe from any thread. The current key encrypts; it and the one before it decrypt.
class TicketKeys {
 public:
  explicit TicketKeys(Duration lifetime);  ///< of a key; tickets of it hold for twice that at most
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  Duration lifetime() const;

  struct State;
  State& state() { return *state_; }  ///< of this module's own files

 private:
  std::unique_ptr<State> state_;
};

}  // namespace outrider::tls
