#include "outrider/tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "outrider/tls/ticket_state.h"

namespace outrider::tls {
namespace {

bool fill(std::span<unsigned char> bytes) {
  return RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool prepare(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
             EVP_MAC_CTX* digest, bool encrypt) {
  char algorithm[] = "SHA256";
  auto* secret = const_cast<unsigned char*>(key.digest.data());
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, key.digest.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, algorithm, 0),
      OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv,
                           encrypt ? 1 : 0) == 1 &&
         EVP_MAC_CTX_set_params(digest, parameters) == 1;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 error, 0 no such key, 1 good, 2 good and to be
// renewed.
int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
               EVP_MAC_CTX* digest, int encrypt) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  if (encrypt) {
    auto key = keys->state().current(steady_now());
    if (!key || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    std::memcpy(name, key->name.data(), key->name.size());
    const bool ready = prepare(*key, iv, cipher, digest, true);
    OPENSSL_cleanse(&*key, sizeof *key);
    return ready ? 1 : -1;
  }
  auto key = keys->state().find(name, steady_now());
  if (!key) return 0;
  const bool ready = prepare(*key, iv, cipher, digest, false);
  OPENSSL_cleanse(&*key, sizeof *key);
  return ready ? 2 : -1;  // RFC 8446 appendix C.4: a ticket is used once, and another one given
}

}  // namespace

TicketKeys::State::~State() {
  for (auto* aged : {&current_, &previous_}) {
    if (*aged) OPENSSL_cleanse(&(*aged)->key, sizeof(TicketKey));
  }
}

bool TicketKeys::State::renew(Steady now) {
  Aged fresh{{}, now};
  if (!fill(fresh.key.name) || !fill(fresh.key.cipher) || !fill(fresh.key.digest)) return false;
  previous_ = current_;
  current_ = fresh;
  OPENSSL_cleanse(&fresh.key, sizeof fresh.key);
  return true;
}

void TicketKeys::State::forget_old(Steady now) {
  if (!previous_ || now - previous_->made < 2 * lifetime) return;
  OPENSSL_cleanse(&previous_->key, sizeof(TicketKey));
  previous_.reset();
}

std::optional<TicketKey> TicketKeys::State::current(Steady now) {
  const std::lock_guard guard(lock_);
  const bool due = !current_ || now - current_->made >= lifetime;
  if (due && !renew(now)) return std::nullopt;
  forget_old(now);
  return current_->key;
}

std::optional<TicketKey> TicketKeys::State::find(const unsigned char* name, Steady now) {
  const std::lock_guard guard(lock_);
  forget_old(now);
  for (const auto* aged : {&current_, &previous_}) {
    if (!*aged || now - (*aged)->made >= 2 * lifetime) continue;
    const auto& key = (*aged)->key;
    if (std::memcmp(key.name.data(), name, key.name.size()) == 0) return key;
  }
  return std::nullopt;
}

TicketKeys::TicketKeys(Duration lifetime) : state_(std::make_unique<State>(lifetime)) {}
TicketKeys::~TicketKeys() = default;
Duration TicketKeys::lifetime() const { return state_->lifetime; }

void use_ticket_keys(SSL_CTX* context, TicketKeys& keys) {
  SSL_CTX_set_ex_data(context, keys_index(), &keys);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key);
}

}  // namespace outrider::tls
