#include "outrider/tls/key_pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/tls/stapling.h"

namespace outrider::tls {
namespace {

constexpr std::size_t most_names = 10000;

std::unexpected<Error> refuse(const std::string& file, std::string_view what) {
  return fail(Blame::Operator, std::string(what) + ": " + take_openssl_error(), "TLS certificate",
              file);
}

// A daemon has nobody to ask for a passphrase; OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<ChainPtr> load_chain(BIO* bio, const std::string& file) {
  ChainPtr chain(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr)) {
    if (!sk_X509_push(chain.get(), next)) {
      X509_free(next);
      return refuse(file, "out of memory");
    }
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return refuse(file, "a certificate of the chain cannot be read");
  }
  ERR_clear_error();
  return chain;
}

Result<KeyPtr> load_key(const std::string& file) {
  auto bio = open_pem(file);
  if (!bio) return std::unexpected(bio.error());
  KeyPtr key(PEM_read_bio_PrivateKey(bio->get(), nullptr, no_passphrase, nullptr));
  if (!key) return refuse(file, "no private key without passphrase");
  return key;
}

// RFC 8446 §4.4.2: each certificate certifies the one before it. Clients are not asked to sort.
Result<void> check_links(const LoadedPair& pair) {
  X509* before = pair.leaf.get();
  for (int i = 0; i < sk_X509_num(pair.chain.get()); ++i) {
    X509* issuer = sk_X509_value(pair.chain.get(), i);
    if (X509_check_issued(issuer, before) != X509_V_OK) {
      ERR_clear_error();
      return fail(Blame::Operator,
                  "certificate " + std::to_string(i + 2) + " of the file, " +
                      facts_of(issuer).subject + ", did not issue the one before it",
                  "TLS certificate chain", pair.file);
    }
    before = issuer;
  }
  return {};
}

Result<void> check_key(const LoadedPair& pair, const std::string& key_file) {
  if (X509_check_private_key(pair.leaf.get(), pair.key.get()) == 1) return {};
  for (int i = 0; i < sk_X509_num(pair.chain.get()); ++i) {
    if (X509_check_private_key(sk_X509_value(pair.chain.get(), i), pair.key.get()) != 1) continue;
    ERR_clear_error();
    return fail(Blame::Operator,
                "the key is of certificate " + std::to_string(i + 2) + "; it must be the first",
                "TLS certificate chain", pair.file);
  }
  return refuse(key_file, "the key does not fit the certificate " + pair.file);
}

}  // namespace

Result<BioPtr> open_pem(const std::string& file) {
  errno = 0;
  BioPtr bio(BIO_new_file(file.c_str(), "r"));
  if (bio) return bio;
  const int error = errno;
  ERR_clear_error();
  auto failure = fail_errno("cannot be opened", error, file);
  failure.error().blame = Blame::Operator;
  return failure;
}

Result<LoadedPair> load_pair(const KeyPair& pair) {
  LoadedPair loaded;
  loaded.file = pair.certificate_file;
  auto bio = open_pem(pair.certificate_file);
  if (!bio) return std::unexpected(bio.error());
  loaded.leaf.reset(PEM_read_bio_X509_AUX(bio->get(), nullptr, no_passphrase, nullptr));
  if (!loaded.leaf) return refuse(pair.certificate_file, "no certificate");
  auto chain = load_chain(bio->get(), pair.certificate_file);
  if (!chain) return std::unexpected(chain.error());
  loaded.chain = std::move(*chain);

  const auto& key_file = pair.key_file.empty() ? pair.certificate_file : pair.key_file;
  auto key = load_key(key_file);
  if (!key) return std::unexpected(key.error());
  loaded.key = std::move(*key);
  loaded.kind = EVP_PKEY_get_base_id(loaded.key.get());
  if (auto fits = check_key(loaded, key_file); !fits) return std::unexpected(fits.error());
  if (auto links = check_links(loaded); !links) return std::unexpected(links.error());
  for (const auto& name : dns_names(loaded.leaf.get(), most_names)) {
    loaded.names.push_back(to_lower(name));
  }
  load_staple(loaded);
  return loaded;
}

}  // namespace outrider::tls
