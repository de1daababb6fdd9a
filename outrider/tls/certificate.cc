#include "outrider/tls/certificate.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <span>

#include "outrider/base/text.h"
#include "outrider/tls/crypto.h"

namespace outrider::tls {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES_free>>;
using FeaturesPtr = std::unique_ptr<TLS_FEATURE, Releaser<TLS_FEATURE_free>>;

constexpr std::size_t most_names = 20;

std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string name_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio) return {};
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return length > 0 ? printable({data, static_cast<std::size_t>(length)}) : std::string();
}

Time time_of(const ASN1_TIME* given) {
  std::tm when{};
  if (ASN1_TIME_to_tm(given, &when) != 1) return Time{};
  return Time(std::chrono::seconds(::timegm(&when)));
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

using Digest = int (*)(const X509*, const EVP_MD*, unsigned char*, unsigned int*);

std::string digest_by(Digest digest, const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned int length = 0;
  if (digest(certificate, EVP_sha256(), bytes.data(), &length) != 1) return {};
  return hex(std::span(bytes).first(length));
}

// Of the whole SPKI, as TLSA selector 1 has it; X509_pubkey_digest leaves the algorithm out.
int spki_digest(const X509* certificate, const EVP_MD* kind, unsigned char* bytes,
                unsigned int* length) {
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  if (size <= 0) return 0;
  const int done =
      EVP_Digest(encoded, static_cast<std::size_t>(size), bytes, length, kind, nullptr);
  OPENSSL_free(encoded);
  return done;
}

std::string key_text(X509* certificate) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (!key) return "unknown";
  char group[64];
  std::size_t length = 0;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
      EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1) {
    const char* curve = EC_curve_nid2nist(OBJ_sn2nid(group));
    return std::string("EC ") + (curve ? curve : group);
  }
  const char* kind = EVP_PKEY_get0_type_name(key);
  if (!kind) kind = "unknown";
  if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")) return kind;
  return fmt::format("{} {}", kind, EVP_PKEY_get_bits(key));
}

std::string signature_text(const X509* certificate) {
  const char* name = OBJ_nid2ln(X509_get_signature_nid(certificate));
  return name ? name : "unknown";
}

}  // namespace

std::vector<std::string> dns_names(X509* certificate, std::size_t limit) {
  std::vector<std::string> names;
  const NamesPtr all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = all ? sk_GENERAL_NAME_num(all.get()) : 0;
  for (int i = 0; i < count && names.size() < limit; ++i) {
    const auto* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) names.push_back(printable(text_of(name->d.dNSName)));
  }
  return names;
}

// RFC 7633 §4.2: feature 5 is status_request.
bool must_staple(X509* certificate) {
  const FeaturesPtr features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  const int count = features ? sk_ASN1_INTEGER_num(features.get()) : 0;
  for (int i = 0; i < count; ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == 5) return true;
  }
  return false;
}

Time expiry_of(X509* certificate) { return time_of(X509_get0_notAfter(certificate)); }

std::string digest_of(X509* certificate) { return digest_by(X509_digest, certificate); }

std::string digest_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &length, EVP_sha256(), nullptr) != 1)
    return {};
  return hex(std::span(bytes).first(length));
}

std::string key_digest_of(X509* certificate) { return digest_by(spki_digest, certificate); }

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts;
  facts.subject = name_text(X509_get_subject_name(certificate));
  facts.issuer = name_text(X509_get_issuer_name(certificate));
  facts.names = dns_names(certificate, most_names);
  facts.from = time_of(X509_get0_notBefore(certificate));
  facts.until = expiry_of(certificate);
  facts.key = key_text(certificate);
  facts.signature = signature_text(certificate);
  facts.digest = digest_of(certificate);
  facts.key_digest = key_digest_of(certificate);
  facts.must_staple = must_staple(certificate);
  facts.self_issued =
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  return facts;
}

std::string certificate_name(X509* certificate) {
  auto names = dns_names(certificate, 1);
  return names.empty() ? name_text(X509_get_subject_name(certificate)) : std::move(names.front());
}

std::string describe_certificate(X509* certificate) {
  std::string text = name_text(X509_get_subject_name(certificate));
  const char* separator = " for ";
  for (const auto& name : dns_names(certificate, most_names)) {
    text += separator + name;
    separator = ", ";
  }
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char* until = nullptr;
  if (!bio || !ASN1_TIME_print(bio.get(), X509_get0_notAfter(certificate))) return text;
  const long length = BIO_get_mem_data(bio.get(), &until);
  return text + ", until " + std::string(until, static_cast<std::size_t>(length));
}

}  // namespace outrider::tls
