#include "outrider/tls/stapling.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include "outrider/base/clock.h"

namespace outrider::tls {
namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Releaser<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Releaser<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, Releaser<OCSP_CERTID_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Releaser<X509_STORE_free>>;

constexpr long clock_difference = 300;  // seconds
constexpr std::size_t largest = 64 * 1024;

// Empty where there is no such file, or it is too long to be one.
std::string read_response(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(stream), {});
  return bytes.size() <= largest ? bytes : std::string();
}

// The issuer is trusted here: the client is the one who judges it.
bool signed_by(OCSP_BASICRESP* basic, X509* issuer) {
  const StorePtr store(X509_STORE_new());
  if (!store || X509_STORE_add_cert(store.get(), issuer) != 1) return false;
  X509_VERIFY_PARAM_set_flags(X509_STORE_get0_param(store.get()), X509_V_FLAG_PARTIAL_CHAIN);
  return OCSP_basic_verify(basic, nullptr, store.get(), 0) == 1;
}

Time time_of(const ASN1_GENERALIZEDTIME* given) {
  std::tm when{};
  if (ASN1_TIME_to_tm(given, &when) != 1) return Time{};
  return Time(std::chrono::seconds(::timegm(&when)));
}

// What is wrong with the response; empty: it is good until `until`.
std::string fault_of(const std::string& bytes, X509* leaf, X509* issuer, Time& until) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(bytes.size())));
  if (!response) return "is no OCSP response in DER";
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return "is the responder's refusal to answer";
  }
  const BasicPtr basic(OCSP_response_get1_basic(response.get()));
  if (!basic) return "is no basic OCSP response";
  const IdPtr id(OCSP_cert_to_id(EVP_sha1(), leaf, issuer));
  int status = 0;
  ASN1_GENERALIZEDTIME *from = nullptr, *next = nullptr;
  if (!id ||
      OCSP_resp_find_status(basic.get(), id.get(), &status, nullptr, nullptr, &from, &next) != 1) {
    return "is about another certificate";
  }
  if (!signed_by(basic.get(), issuer)) return "is not signed by the certificate's issuer";
  if (OCSP_check_validity(from, next, clock_difference, -1) != 1) return "is out of date";
  if (status != V_OCSP_CERTSTATUS_GOOD) return "says that the certificate is revoked or unknown";
  until = next ? time_of(next) : now() + std::chrono::days(7);
  return {};
}

}  // namespace

void load_staple(LoadedPair& pair) {
  const auto file = pair.file + ".ocsp";
  auto bytes = read_response(file);
  if (!bytes.empty()) {
    X509* issuer = sk_X509_num(pair.chain.get()) > 0 ? sk_X509_value(pair.chain.get(), 0) : nullptr;
    const auto fault = issuer ? fault_of(bytes, pair.leaf.get(), issuer, pair.staple_until)
                              : "cannot be checked: the issuer is not in " + pair.file;
    ERR_clear_error();
    if (fault.empty()) {
      pair.staple = std::move(bytes);
    } else {
      pair.warnings.push_back(file + " " + fault + "; it is not stapled");
    }
  }
  if (pair.staple.empty() && must_staple(pair.leaf.get())) {
    pair.warnings.push_back(pair.file + " must be stapled (RFC 7633), and there is no good " +
                            file + ": clients that verify will refuse it");
  }
}

int staple(SSL* ssl, const LoadedPair& pair, Time now) {
  if (pair.staple.empty() || now >= pair.staple_until) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(pair.staple.data(), pair.staple.size());  // the library frees it
  if (!copy) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(pair.staple.size()));
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace outrider::tls
