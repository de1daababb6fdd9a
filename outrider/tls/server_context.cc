#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "outrider/tls/certificate_choice.h"
#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/hardening.h"
#include "outrider/tls/stapling.h"
#include "outrider/tls/ticket_state.h"

namespace outrider::tls {
namespace {

// What callbacks need. It lives as long as OpenSSL's context, which a connection may hold for
// longer than a reload leaves ours.
struct Attached {
  CertificateChoice choice;
  std::shared_ptr<TicketKeys> keys;
};

void free_attached(void*, void* attached, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Attached*>(attached);
}

int attached_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attached);
  return index;
}

const Attached& attached_to(SSL_CTX* context) {
  return *static_cast<const Attached*>(SSL_CTX_get_ex_data(context, attached_index()));
}
const Attached& attached_to(SSL* ssl) { return attached_to(SSL_get_SSL_CTX(ssl)); }

int acknowledge_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

int choose_certificate(SSL* ssl, void*) { return attached_to(ssl).choice.apply(ssl) ? 1 : 0; }

int choose_staple(SSL* ssl, void*) {
  const auto* pair = attached_to(ssl).choice.chosen(ssl);
  return pair ? staple(ssl, *pair, now()) : SSL_TLSEXT_ERR_NOACK;
}

// RFC 7301 §3.2: who speaks another protocol, as a browser led here by an attacker, is turned away.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int offered_length, void* web) {
  static constexpr std::string_view mail =
      "\x04smtp\x05"
      "esmtp\x04lmtp";
  static constexpr std::string_view http = "\x08http/1.1";
  const std::string_view known = web != nullptr ? http : mail;
  const auto* ours = reinterpret_cast<const unsigned char*>(known.data());
  unsigned char* match = nullptr;
  const int found = SSL_select_next_proto(
      &match, chosen_length, ours, static_cast<unsigned>(known.size()), offered, offered_length);
  *chosen = match;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// The result is kept for the facts; a client that we do not know is a client all the same.
int verify_and_accept(X509_STORE_CTX* verification, void*) {
  X509_verify_cert(verification);
  ERR_clear_error();
  return 1;
}

Result<void> ask_for_certificates(SSL_CTX* context, const ServerOptions& options) {
  if (!options.ask_client) return {};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify_and_accept, nullptr);
  if (options.client_ca_file.empty() ||
      SSL_CTX_load_verify_file(context, options.client_ca_file.c_str()) == 1) {
    return {};
  }
  return fail(Blame::Operator, "no certificate authority can be read: " + take_openssl_error(),
              "TLS certificate authorities of clients", options.client_ca_file);
}

// A ticket resumes only where the same would have come of a full handshake: at the same service,
// with the same authorities and versions. Certificates may change.
bool bind_sessions(SSL_CTX* context, const ServerOptions& options) {
  std::ifstream authorities(options.client_ca_file, std::ios::binary);
  std::string all = options.service + '\n' + (options.ask_client ? "asks\n" : "\n") +
                    std::string(name(options.parameters.least)) +
                    std::string(name(options.parameters.most)) + '\n';
  if (authorities) all.append(std::istreambuf_iterator<char>(authorities), {});
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  return EVP_Digest(all.data(), all.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1 &&
         SSL_CTX_set_session_id_context(context, digest.data(), length) == 1;
}

bool give_tickets(SSL_CTX* context, const ServerOptions& options, TicketKeys& keys) {
  // Tickets keep sessions with the client; a cache of our own would be a lock all threads share.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, options.parameters.tickets ? 1 : 0);
  const auto lifetime = std::chrono::ceil<std::chrono::seconds>(keys.lifetime());
  SSL_CTX_set_timeout(context, lifetime.count());
  use_ticket_keys(context, keys);
  return bind_sessions(context, options);
}

class Context final : public ServerContext {
 public:
  Context(ContextPtr context, std::vector<std::string> notes)
      : context_(std::move(context)), notes_(std::move(notes)) {}
  ssl_ctx_st* native() const override { return context_.get(); }
  std::vector<std::string> describe() const override;
  bool names(const std::string& host) const override;
  Time expires() const override;
  std::vector<std::string> notes() const override { return notes_; }
  std::vector<std::string> warnings() const override;

 private:
  const CertificateChoice& choice() const { return attached_to(context_.get()).choice; }

  ContextPtr context_;
  std::vector<std::string> notes_;
};

std::vector<std::string> Context::describe() const {
  std::vector<std::string> texts;
  for (const auto& pair : choice().all()) {
    auto text = describe_certificate(pair.leaf.get());
    if (must_staple(pair.leaf.get())) text += ", must be stapled";
    if (!pair.staple.empty()) text += ", stapled until " + rfc3339(pair.staple_until);
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> Context::warnings() const {
  std::vector<std::string> texts;
  for (const auto& pair : choice().all()) {
    texts.insert(texts.end(), pair.warnings.begin(), pair.warnings.end());
  }
  return texts;
}

bool Context::names(const std::string& host) const {
  return std::ranges::all_of(choice().named(host), [&](const LoadedPair* pair) {
    return X509_check_host(pair->leaf.get(), host.data(), host.size(), host_check_flags, nullptr) ==
           1;
  });
}

Time Context::expires() const {
  Time first = Time::max();
  for (const auto& pair : choice().all()) first = std::min(first, expiry_of(pair.leaf.get()));
  return first;
}

Result<CertificateChoice> load_choice(const std::vector<KeyPair>& keys) {
  std::vector<LoadedPair> pairs;
  for (const auto& key : keys) {
    auto pair = load_pair(key);
    if (!pair) return std::unexpected(pair.error());
    pairs.push_back(std::move(*pair));
  }
  return CertificateChoice::make(std::move(pairs));
}

Result<void> show_first(SSL_CTX* context, const CertificateChoice& choice) {
  for (const auto* pair : choice.first()) {
    if (SSL_CTX_use_cert_and_key(context, pair->leaf.get(), pair->key.get(), pair->chain.get(),
                                 1) == 1) {
      continue;
    }
    return fail(Blame::Operator, "cannot be used: " + take_openssl_error(), "TLS certificate",
                pair->file);
  }
  return {};
}

void set_callbacks(SSL_CTX* context, bool web) {
  SSL_CTX_set_tlsext_servername_callback(context, acknowledge_name);
  SSL_CTX_set_cert_cb(context, choose_certificate, nullptr);
  static bool is_web = true;  // that there is an argument says it
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, web ? &is_web : nullptr);
  SSL_CTX_set_tlsext_status_cb(context, choose_staple);
}

}  // namespace

Result<std::shared_ptr<const ServerContext>> ServerContext::load(const ServerOptions& options) {
  if (options.keys.empty()) return fail(Blame::Operator, "no certificate is named", "TLS");
  ERR_clear_error();
  std::vector<std::string> notes;
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(Blame::Environment, "no TLS context: " + take_openssl_error());
  if (auto done = harden(context.get(), options.parameters, notes); !done)
    return std::unexpected(done.error());

  auto choice = load_choice(options.keys);
  if (!choice) return std::unexpected(choice.error());
  if (auto shown = show_first(context.get(), *choice); !shown)
    return std::unexpected(shown.error());
  if (auto asked = ask_for_certificates(context.get(), options); !asked)
    return std::unexpected(asked.error());

  constexpr std::chrono::hours own_lifetime{6};
  auto keys =
      options.ticket_keys ? options.ticket_keys : std::make_shared<TicketKeys>(own_lifetime);
  if (!give_tickets(context.get(), options, *keys)) {
    return fail(Blame::Environment, "no TLS tickets: " + take_openssl_error());
  }
  auto attached = std::make_unique<Attached>(std::move(*choice), std::move(keys));
  if (SSL_CTX_set_ex_data(context.get(), attached_index(), attached.get()) != 1) {
    return fail(Blame::Environment, "no TLS context: " + take_openssl_error());
  }
  (void)attached.release();  // the context's now
  set_callbacks(context.get(), options.web);
  return std::make_shared<Context>(std::move(context), std::move(notes));
}

}  // namespace outrider::tls
