#include "outrider/tls/crypto.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <vector>

#include "outrider/base/text.h"

namespace outrider::tls {
namespace {

// AEAD with forward secrecy only; the suites of TLS 1.3 are all of that kind.
constexpr auto* tls12_suites =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

// The first list that the library knows is taken: OpenSSL before 3.5 has no hybrid group.
constexpr const char* group_lists[] = {"X25519MLKEM768:X25519:P-256:P-384", "X25519:P-256:P-384"};

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Releaser<GENERAL_NAMES_free>>;

std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string read_all(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string();
}

std::string subject_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio) return {};
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  return printable(read_all(bio.get()));
}

std::string expiry_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || !ASN1_TIME_print(bio.get(), X509_get0_notAfter(certificate))) return "unknown";
  return read_all(bio.get());
}

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

bool choose_groups(SSL_CTX* context) {
  for (const auto* list : group_lists) {
    if (SSL_CTX_set1_groups_list(context, list) == 1) {
      ERR_clear_error();
      return true;
    }
  }
  return false;
}

}  // namespace

std::string take_openssl_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  if (const char* reason = ERR_reason_error_string(code)) return printable(reason);
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return printable(text);
}

bool harden(SSL_CTX* context, int least_version) {
  // RFC 8996: TLS 1.0 and 1.1 are gone. No renegotiation and no compression: each was an attack.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return SSL_CTX_set_min_proto_version(context, least_version) == 1 &&
         SSL_CTX_set_cipher_list(context, tls12_suites) == 1 && choose_groups(context);
}

std::string certificate_name(X509* certificate) {
  auto names = dns_names(certificate, 1);
  return names.empty() ? subject_of(certificate) : std::move(names.front());
}

std::string describe_certificate(X509* certificate) {
  std::string text = subject_of(certificate);
  const char* separator = " for ";
  for (const auto& name : dns_names(certificate, 20)) {
    text += separator + name;
    separator = ", ";
  }
  return text + ", until " + expiry_of(certificate);
}

}  // namespace outrider::tls
