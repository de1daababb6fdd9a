// What a TicketKeys holds, for the callback of the server's context. Within this module only.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <mutex>
#include <optional>

#include "outrider/tls/ticket_keys.h"

namespace outrider::tls {

/// The name is in the ticket and tells which key it was made with.
struct TicketKey {
  std::array<unsigned char, 16> name;
  std::array<unsigned char, 32> cipher;  ///< AES-256-CBC
  std::array<unsigned char, 32> digest;  ///< HMAC-SHA256, over the ciphertext
};

struct TicketKeys::State {
  explicit State(Duration lifetime) : lifetime(lifetime) {}
  ~State();

  /// The key for new tickets, fresh where the last one's time is over; nothing without randomness.
  std::optional<TicketKey> current(Steady now);
  std::optional<TicketKey> find(const unsigned char* name, Steady now);

  const Duration lifetime;

 private:
  struct Aged {
    TicketKey key;
    Steady made;
  };
  bool renew(Steady now);
  void forget_old(Steady now);

  std::mutex lock_;
  std::optional<Aged> current_;
  std::optional<Aged> previous_;
};

/// Tickets of this context are made and read with these keys, which live as long as it does.
void use_ticket_keys(SSL_CTX* context, TicketKeys& keys);

}  // namespace outrider::tls
