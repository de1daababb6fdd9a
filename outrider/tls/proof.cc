#include "outrider/tls/proof.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/base/text.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/demand.h"

namespace outrider::tls {
namespace {

// RFC 7218 §2.
constexpr std::uint8_t usage_authority = 2, usage_itself = 3;
constexpr std::uint8_t matching_sha256 = 1, matching_sha512 = 2;

// What one connection expects, and why it was disappointed.
struct Expected {
  std::string demand;
  std::vector<std::string> pins;
  std::size_t records = 0;
  std::string refusal;
};

void free_expected(void*, void* expected, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Expected*>(expected);
}

void free_proof(void*, void* proof, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Proof*>(proof);
}

// The library copies sessions: each copy owns its proof.
int copy_proof(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** slot, int, long, void*) {
  if (*slot) *slot = new Proof(*static_cast<const Proof*>(*slot));
  return 1;
}

int expected_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_expected);
  return index;
}

int proof_index() {
  static const int index =
      SSL_SESSION_get_ex_new_index(0, nullptr, nullptr, copy_proof, free_proof);
  return index;
}

Expected* expected_of(const SSL* ssl) {
  return static_cast<Expected*>(SSL_get_ex_data(ssl, expected_index()));
}

std::string names_expected(X509_VERIFY_PARAM* expected) {
  std::string text;
  for (int i = 0; const char* host = X509_VERIFY_PARAM_get0_host(expected, i); ++i) {
    text += (i == 0 ? "" : " or ") + printable(host);
  }
  return text;
}

std::string count_of(std::size_t records) {
  if (records == 1) return "the TLSA record does not match the certificate";
  return fmt::format("none of {} TLSA records matches the certificate", records);
}

std::string refusal_by_dane(X509_STORE_CTX* store, std::size_t records) {
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  const int error = X509_STORE_CTX_get_error(store);
  if (error == X509_V_ERR_DANE_NO_MATCH) {
    return fmt::format("{} (SPKI sha256 {})", count_of(records), key_digest_of(leaf));
  }
  if (error == X509_V_ERR_HOSTNAME_MISMATCH) {
    return fmt::format("the certificate is for {}, not for {}, as TLSA usage 2 asks",
                       certificate_name(leaf), names_expected(X509_STORE_CTX_get0_param(store)));
  }
  X509* current = X509_STORE_CTX_get_current_cert(store);
  const char* reason = X509_verify_cert_error_string(error);
  if (!current) return reason;
  return fmt::format("{}: certificate {} of the chain, {}, as TLSA usage 2 asks", reason,
                     X509_STORE_CTX_get_error_depth(store) + 1, facts_of(current).subject);
}

bool is_pinned(X509_STORE_CTX* store, Expected& expected) {
  const auto digest = key_digest_of(X509_STORE_CTX_get0_cert(store));
  if (!digest.empty() && std::ranges::find(expected.pins, digest) != expected.pins.end()) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return true;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  expected.refusal = fmt::format("the public key (SPKI sha256 {}) is none of the {} expected",
                                 digest, expected.pins.size());
  return false;
}

// Takes the place of the library's X509_verify_cert.
int verify(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Expected* expected = ssl ? expected_of(ssl) : nullptr;
  if (!expected) return X509_verify_cert(store);
  if (expected->records > 0 && X509_verify_cert(store) <= 0) {
    expected->refusal = refusal_by_dane(store, expected->records);
    return 0;
  }
  return expected->pins.empty() || is_pinned(store, *expected) ? 1 : 0;
}

// PKIX usages would let authorities count (RFC 7672 §3.1.3).
bool add_record(SSL* ssl, const Tlsa& record) {
  if (record.usage != usage_authority && record.usage != usage_itself) return false;
  return SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching,
                           reinterpret_cast<const unsigned char*>(record.data.data()),
                           record.data.size()) == 1;
}

Result<std::size_t> expect_records(SSL* ssl, std::string_view host,
                                   const std::vector<Tlsa>& records) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || IpAddress::parse(host) || IpAddress::parse_literal(host)) {
    return fail(Blame::Operator, "TLSA records are of names, not of '" + printable(host) + "'",
                "DANE");
  }
  if (SSL_dane_enable(ssl, std::string(host).c_str()) != 1) {
    return fail(Blame::Environment, "no DANE: " + take_openssl_error(), "DANE");
  }
  SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);  // RFC 7672 §3.1.1
  const auto usable =
      std::ranges::count_if(records, [ssl](const Tlsa& record) { return add_record(ssl, record); });
  const bool told = ERR_peek_error() != 0;
  const auto reason =
      told ? take_openssl_error() : std::string("usages 0 and 1 do not count (RFC 7672 §3.1.3)");
  if (usable > 0) return static_cast<std::size_t>(usable);
  return fail(Blame::Peer,
              fmt::format("none of {} TLSA records of {} is of use: {}", records.size(),
                          printable(host), reason),
              "DANE");
}

}  // namespace

bool verify_by_proof(SSL_CTX* context) {
  SSL_CTX_set_cert_verify_callback(context, verify, nullptr);
  // RFC 7671 §9: which digest is the stronger one.
  return SSL_CTX_dane_enable(context) == 1 &&
         SSL_CTX_dane_mtype_set(context, EVP_sha256(), matching_sha256, 1) == 1 &&
         SSL_CTX_dane_mtype_set(context, EVP_sha512(), matching_sha512, 2) == 1;
}

Result<void> expect_proof(SSL* ssl, std::string_view host, const trust::Verdict& verdict) {
  if (!is_special(verdict)) return {};
  auto expected = std::make_unique<Expected>(demand_digest(verdict), verdict.pins);
  if (!verdict.tlsa.empty()) {
    const auto records = expect_records(ssl, host, verdict.tlsa);
    if (!records) return std::unexpected(records.error());
    expected->records = *records;
  }
  if (SSL_set_ex_data(ssl, expected_index(), expected.get()) != 1) {
    return fail(Blame::Environment, "no TLS session: " + take_openssl_error(), "TLS");
  }
  static_cast<void>(expected.release());  // the session's now
  return {};
}

bool is_special(const trust::Verdict& verdict) {
  return !verdict.tlsa.empty() || !verdict.pins.empty();
}

Proof proof_of(SSL* ssl) {
  if (SSL_session_reused(ssl) == 1) {
    const Proof* kept = kept_proof(SSL_get0_session(ssl));
    return kept ? *kept : Proof{};
  }
  const Expected* expected = expected_of(ssl);
  if (!expected || SSL_get_verify_result(ssl) != X509_V_OK) return {};
  Proof proof;
  proof.demand = expected->demand;
  if (expected->records == 0) {
    proof.kind = PeerProof::Pin;
    return proof;
  }
  proof.depth = SSL_get0_dane_authority(ssl, nullptr, nullptr);
  std::uint8_t usage = 0, selector = 0, matching = 0;
  if (SSL_get0_dane_tlsa(ssl, &usage, &selector, &matching, nullptr, nullptr) < 0) return {};
  proof.kind = usage == usage_itself ? PeerProof::DaneEe : PeerProof::DaneTa;
  proof.record = fmt::format("{} {} {}", usage, selector, matching);
  return proof;
}

bool keep_proof(SSL_SESSION* session, Proof proof) {
  auto owned = std::make_unique<Proof>(std::move(proof));
  const Proof* before = kept_proof(session);
  if (SSL_SESSION_set_ex_data(session, proof_index(), owned.get()) != 1) return false;
  static_cast<void>(owned.release());  // the session's now
  delete before;
  return true;
}

const Proof* kept_proof(const SSL_SESSION* session) {
  return static_cast<const Proof*>(SSL_SESSION_get_ex_data(session, proof_index()));
}

std::string refusal_of(const SSL* ssl) {
  const Expected* expected = expected_of(ssl);
  return expected ? expected->refusal : std::string();
}

}  // namespace outrider::tls
