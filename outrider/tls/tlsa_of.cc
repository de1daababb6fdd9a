#include "outrider/tls/tlsa_of.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <utility>

#include "outrider/tls/crypto.h"
#include "outrider/tls/key_pair.h"

namespace outrider::tls {
namespace {

constexpr std::uint8_t of_issuer = 2, of_leaf = 3;

std::unexpected<Error> refuse(const std::string& file, std::string what) {
  ERR_clear_error();
  return fail(Blame::Operator, std::move(what), "TLSA record", file);
}

int no_passphrase(char*, int, int, void*) { return -1; }

Result<CertificatePtr> read(const std::string& file, std::size_t depth) {
  auto bio = open_pem(file);
  if (!bio) return std::unexpected(bio.error());
  CertificatePtr certificate;
  for (std::size_t i = 0; i <= depth; ++i) {
    certificate.reset(PEM_read_bio_X509(bio->get(), nullptr, no_passphrase, nullptr));
    if (!certificate) {
      return refuse(file, fmt::format("the file has no certificate {} that can be read", i + 1));
    }
  }
  return certificate;
}

template <class Encode, class Object>
std::string encoded(Encode encode, Object* object) {
  unsigned char* bytes = nullptr;
  const int size = encode(object, &bytes);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

std::string matched(std::string all, std::uint8_t matching) {
  if (matching == 0) return all;
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned int length = 0;
  const auto* kind = matching == 1 ? EVP_sha256() : EVP_sha512();
  if (EVP_Digest(all.data(), all.size(), bytes.data(), &length, kind, nullptr) != 1) return {};
  return {reinterpret_cast<char*>(bytes.data()), length};
}

}  // namespace

Result<Tlsa> tlsa_of(const KeyPair& pair, const TlsaKind& kind, std::size_t depth) {
  const auto& file = pair.certificate_file;
  const bool known = (kind.usage == of_issuer || kind.usage == of_leaf) && kind.selector <= 1 &&
                     kind.matching <= 2;
  if (!known) {
    return refuse(file, fmt::format("a record {} {} {} is of no use to SMTP: usage is 2 or 3, "
                                    "selector 0 or 1, matching 0 to 2 (RFC 7672 §3.1)",
                                    kind.usage, kind.selector, kind.matching));
  }
  if (kind.usage == of_leaf && depth != 0) {
    return refuse(file, "usage 3 is for the leaf alone (RFC 6698 §2.1.1)");
  }
  auto certificate = read(file, depth);
  if (!certificate) return std::unexpected(certificate.error());
  std::string all = kind.selector == 0
                        ? encoded(i2d_X509, certificate->get())
                        : encoded(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate->get()));
  Tlsa record{kind.usage, kind.selector, kind.matching, matched(std::move(all), kind.matching)};
  if (record.data.empty()) return refuse(file, "the certificate cannot be encoded");
  return record;
}

Result<Tlsa> tlsa_of(const KeyPair& pair, const TlsaKind& kind) {
  return tlsa_of(pair, kind, kind.usage == of_issuer ? 1 : 0);
}

}  // namespace outrider::tls
