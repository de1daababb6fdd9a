#include <openssl/err.h>

#include <utility>

#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/hardening.h"
#include "outrider/tls/key_pair.h"
#include "outrider/tls/proof.h"
#include "outrider/tls/resumption.h"

namespace outrider::tls {
namespace {

class Context final : public ClientContext {
 public:
  Context(ContextPtr context, std::vector<std::string> notes)
      : context_(std::move(context)), notes_(std::move(notes)) {}
  ssl_ctx_st* native() const override { return context_.get(); }
  std::vector<std::string> notes() const override { return notes_; }

 private:
  ContextPtr context_;
  std::vector<std::string> notes_;
};

Result<void> load_authorities(SSL_CTX* context, const std::string& file) {
  if (file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return {};
  }
  if (SSL_CTX_load_verify_file(context, file.c_str()) == 1) return {};
  return fail(Blame::Operator, "no certificate authority can be read: " + take_openssl_error(),
              "TLS certificate authorities", file);
}

Result<void> show(SSL_CTX* context, const KeyPair& key) {
  const auto pair = load_pair(key);
  if (!pair) return std::unexpected(pair.error());
  if (SSL_CTX_use_cert_and_key(context, pair->leaf.get(), pair->key.get(), pair->chain.get(), 1) ==
      1) {
    return {};
  }
  return fail(Blame::Operator, "cannot be used: " + take_openssl_error(), "TLS certificate",
              key.certificate_file);
}

}  // namespace

Result<std::shared_ptr<const ClientContext>> ClientContext::load(const ClientOptions& options) {
  ERR_clear_error();
  std::vector<std::string> notes;
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(Blame::Environment, "no TLS context: " + take_openssl_error());
  if (auto done = harden(context.get(), options.parameters, notes); !done)
    return std::unexpected(done.error());
  if (auto loaded = load_authorities(context.get(), options.ca_file); !loaded)
    return std::unexpected(loaded.error());
  if (options.key) {
    if (auto shown = show(context.get(), *options.key); !shown)
      return std::unexpected(shown.error());
  }
  keep_sessions(context.get());
  if (!verify_by_proof(context.get()))
    return fail(Blame::Environment, "no DANE: " + take_openssl_error());
  return std::make_shared<Context>(std::move(context), std::move(notes));
}

}  // namespace outrider::tls
