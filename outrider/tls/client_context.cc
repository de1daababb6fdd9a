#include <openssl/err.h>

#include <utility>

#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"

namespace outrider::tls {
namespace {

class Context final : public ClientContext {
 public:
  explicit Context(ContextPtr context) : context_(std::move(context)) {}
  ssl_ctx_st* native() const override { return context_.get(); }

 private:
  ContextPtr context_;
};

}  // namespace

Result<std::shared_ptr<const ClientContext>> ClientContext::load(const ClientOptions& options) {
  ERR_clear_error();
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  const int least = options.parameters.least == Version::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  if (!context || !harden(context.get(), least)) {
    return fail(Blame::Environment, "no TLS context: " + take_openssl_error());
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()) != 1) {
    return fail(Blame::Operator, "no certificate authority can be read: " + take_openssl_error(),
                "TLS certificate authorities", options.ca_file);
  }
  return std::make_shared<Context>(std::move(context));
}

}  // namespace outrider::tls
