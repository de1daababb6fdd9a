#include "outrider/tls/resumption.h"

#include <openssl/x509v3.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "outrider/base/text.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/demand.h"
#include "outrider/tls/proof.h"

namespace outrider::tls {
namespace {

struct Place {
  Resumption resumption;
  const SSL_SESSION* offered = nullptr;  // for comparison alone
};

void free_place(void*, void* place, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Place*>(place);
}

int place_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_place);
  return index;
}

const Place* place_of(const SSL* ssl) {
  return static_cast<const Place*>(SSL_get_ex_data(ssl, place_index()));
}

int number_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Contexts are numbered, as another one may come to stand at the same address.
std::string number_of(SSL_CTX* context) {
  return std::to_string(
      reinterpret_cast<std::uintptr_t>(SSL_CTX_get_ex_data(context, number_index())));
}

// The names are part of the policy: a session counts as verified for those it was verified for.
std::string full_key(SSL* ssl, const std::string& key, const trust::Verdict& verdict) {
  const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  std::string full =
      key + '\n' + number_of(SSL_get_SSL_CTX(ssl)) + '\n' + (host ? host : "") + '\n';
  full += trust::name(verdict.level);
  for (const auto& name : verdict.names) full += '\n' + name;
  if (is_special(verdict)) full += "\n:" + demand_digest(verdict);
  return full;
}

// Called for TLS 1.3 whenever a ticket arrives, for TLS 1.2 at the end of the handshake.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto* place = place_of(ssl);
  const bool failed =
      SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && SSL_get_verify_result(ssl) != X509_V_OK;
  if (!place || failed || !SSL_SESSION_is_resumable(session)) return 0;
  // A copy: the library spoils the original where the connection ends without a goodbye.
  const auto& [cache, key] = place->resumption;
  SessionPtr copy(SSL_SESSION_dup(session));
  if (copy && keep_proof(copy.get(), proof_of(ssl))) cache->keep(key, copy.release());
  return 0;
}

// What a full handshake would find by now.
bool still_holds(SSL* ssl, SSL_SESSION* session, const trust::Verdict& verdict) {
  const Proof* proof = kept_proof(session);
  const bool special = is_special(verdict);
  if (!proof || proof->demand != (special ? demand_digest(verdict) : "")) return false;
  if (proof->kind == PeerProof::DaneEe || proof->kind == PeerProof::Pin) return true;
  if (!special && !verdict.requires_name()) return true;
  X509* certificate = SSL_SESSION_get0_peer(session);
  return certificate && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0 &&
         !name_expected_of(ssl, certificate).empty();
}

}  // namespace

void keep_sessions(SSL_CTX* context) {
  static std::atomic<std::uintptr_t> number = 0;
  SSL_CTX_set_ex_data(context, number_index(), reinterpret_cast<void*>(++number));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, keep_session);
}

bool resume(SSL* ssl, Resumption resumption, const trust::Verdict& verdict) {
  if (!resumption.cache || (SSL_get_options(ssl) & SSL_OP_NO_TICKET) != 0) return true;
  resumption.key = full_key(ssl, resumption.key, verdict);
  auto owned = std::make_unique<Place>(std::move(resumption));
  if (SSL_set_ex_data(ssl, place_index(), owned.get()) != 1) return false;
  Place& place = *owned.release();  // the session's now
  const auto& [cache, key] = place.resumption;
  while (const SessionPtr session{cache->take(key)}) {
    if (!still_holds(ssl, session.get(), verdict)) continue;
    place.offered = session.get();
    return SSL_set_session(ssl, session.get()) == 1;
  }
  return true;
}

void keep_renewed(SSL* ssl) {
  const auto* place = place_of(ssl);
  if (!place || SSL_session_reused(ssl) != 1 || SSL_version(ssl) >= TLS1_3_VERSION) return;
  // The library makes another session of the new ticket, and calls nobody.
  SSL_SESSION* session = SSL_get0_session(ssl);
  if (session != place->offered) keep_session(ssl, session);
}

std::string name_expected_of(SSL* ssl, X509* certificate) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
  for (int i = 0;; ++i) {
    const char* host = X509_VERIFY_PARAM_get0_host(expected, i);
    if (!host) break;
    char* matched = nullptr;
    if (X509_check_host(certificate, host, 0, X509_VERIFY_PARAM_get_hostflags(expected),
                        &matched) == 1) {
      std::string name = printable(matched);
      OPENSSL_free(matched);
      return name;
    }
  }
  char* address = X509_VERIFY_PARAM_get1_ip_asc(expected);
  const bool is_of = address && X509_check_ip_asc(certificate, address, 0) == 1;
  std::string name = is_of ? printable(address) : std::string();
  OPENSSL_free(address);
  return name;
}

}  // namespace outrider::tls
