#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"

namespace outrider::tls {
namespace {

using ChainPtr =
    std::unique_ptr<STACK_OF(X509),
                    Releaser<[](STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }>>;

struct Loaded {
  CertificatePtr leaf;
  ChainPtr chain;
  KeyPtr key;
};

std::unexpected<Error> refuse(const std::string& file, std::string_view what) {
  return fail(Blame::Operator, std::string(what) + ": " + take_openssl_error(), "TLS certificate",
              file);
}

// A daemon has nobody to ask for a passphrase; OpenSSL would ask the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

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

Result<Loaded> load_pair(const KeyPair& pair) {
  Loaded loaded;
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
  if (X509_check_private_key(loaded.leaf.get(), key->get()) != 1) {
    return refuse(key_file, "the key does not fit the certificate " + pair.certificate_file);
  }
  loaded.key = std::move(*key);
  return loaded;
}

int acknowledge_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

// RFC 7301 §3.2: who speaks another protocol, as a browser led here by an attacker, is turned away.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  static constexpr unsigned char ours[] =
      "\x04smtp\x05"
      "esmtp\x04lmtp";
  unsigned char* match = nullptr;
  const int found =
      SSL_select_next_proto(&match, chosen_length, ours, sizeof ours - 1, offered, offered_length);
  *chosen = match;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class Context final : public ServerContext {
 public:
  Context(ContextPtr context, std::vector<CertificatePtr> leaves)
      : context_(std::move(context)), leaves_(std::move(leaves)) {}
  ssl_ctx_st* native() const override { return context_.get(); }
  std::vector<std::string> describe() const override {
    std::vector<std::string> texts;
    for (const auto& leaf : leaves_) texts.push_back(describe_certificate(leaf.get()));
    return texts;
  }
  std::vector<std::string> notes() const override { return {}; }
  bool names(const std::string& host) const override {
    return std::all_of(leaves_.begin(), leaves_.end(), [&](const auto& leaf) {
      return X509_check_host(leaf.get(), host.data(), host.size(), 0, nullptr) == 1;
    });
  }
  Time expires() const override {
    Time first = Time::max();
    for (const auto& leaf : leaves_) first = std::min(first, expiry_of(leaf.get()));
    return first;
  }

 private:
  ContextPtr context_;
  std::vector<CertificatePtr> leaves_;
};

ContextPtr make_context(Version least) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return nullptr;
  const int version = least == Version::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  if (!harden(context.get(), version)) return nullptr;
  // Tickets keep sessions with the client; a cache of our own would be a lock all threads share.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_tlsext_servername_callback(context.get(), acknowledge_name);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}

}  // namespace

Result<std::shared_ptr<const ServerContext>> ServerContext::load(const ServerOptions& options) {
  if (options.keys.empty()) return fail(Blame::Operator, "no certificate is named", "TLS");
  ERR_clear_error();
  auto context = make_context(options.parameters.least);
  if (!context) return fail(Blame::Environment, "no TLS context: " + take_openssl_error());

  std::vector<CertificatePtr> leaves;
  std::vector<int> kinds;
  for (const auto& pair : options.keys) {
    auto loaded = load_pair(pair);
    if (!loaded) return std::unexpected(loaded.error());
    const int kind = EVP_PKEY_get_base_id(loaded->key.get());
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) {
      return fail(Blame::Operator, "a second certificate with a key of the same kind",
                  "TLS certificate", pair.certificate_file);
    }
    kinds.push_back(kind);
    if (SSL_CTX_use_cert_and_key(context.get(), loaded->leaf.get(), loaded->key.get(),
                                 loaded->chain.get(), 1) != 1) {
      return refuse(pair.certificate_file, "cannot be used");
    }
    leaves.push_back(std::move(loaded->leaf));
  }
  return std::make_shared<Context>(std::move(context), std::move(leaves));
}

}  // namespace outrider::tls
