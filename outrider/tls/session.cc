#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "outrider/base/ip.h"
#include "outrider/base/text.h"
#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"

namespace outrider::tls {
namespace {

using SslPtr = std::unique_ptr<SSL, Releaser<SSL_free>>;

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Blame::Environment, std::string(what) + ": " + take_openssl_error(), "TLS");
}

SslPtr session_on(SSL_CTX* context, int fd) {
  ERR_clear_error();
  SslPtr ssl(SSL_new(context));
  // SSL_set_fd makes a BIO that does not close the socket.
  if (ssl && SSL_set_fd(ssl.get(), fd) != 1) ssl.reset();
  return ssl;
}

// RFC 6066 §3: a DNS name without the trailing dot; addresses are not named.
bool name_server(SSL* ssl, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || IpAddress::parse(host) || IpAddress::parse_literal(host)) return true;
  return SSL_set_tlsext_host_name(ssl, std::string(host).c_str()) == 1;
}

// A leading dot, or nothing at all, would make OpenSSL match more than the name says.
bool is_reference(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('\0') == name.npos;
}

/// How many names were taken, or -1.
int expect_names(SSL* ssl, const std::vector<std::string>& names) {
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  int taken = 0;
  for (const auto& given : names) {
    std::string name = given.ends_with('.') ? given.substr(0, given.size() - 1) : given;
    if (const auto address = IpAddress::parse_literal(name)) name = address->text();
    if (!is_reference(name)) continue;
    if (SSL_add1_host(ssl, name.c_str()) != 1) return -1;
    ++taken;
  }
  return taken;
}

}  // namespace

Session::Session(ssl_st* ssl) : ssl_(ssl) {}

Session::Session(Session&& other) noexcept
    : ssl_(std::exchange(other.ssl_, nullptr)),
      checks_name_(other.checks_name_),
      error_(std::move(other.error_)) {}

Session& Session::operator=(Session&& other) noexcept {
  std::swap(ssl_, other.ssl_);
  std::swap(checks_name_, other.checks_name_);
  std::swap(error_, other.error_);
  return *this;
}

Session::~Session() { SSL_free(ssl_); }

Result<Session> Session::server(const ServerContext& context, int fd, std::optional<Version>) {
  auto ssl = session_on(context.native(), fd);
  if (!ssl) return refuse("no TLS session");
  SSL_set_accept_state(ssl.get());
  return Session(ssl.release());
}

Result<Session> Session::client(const ClientContext& context, int fd, std::string_view host,
                                const trust::Verdict& verdict, Resumption) {
  auto ssl = session_on(context.native(), fd);
  if (!ssl) return refuse("no TLS session");
  if (!name_server(ssl.get(), host)) return refuse("no TLS server name " + printable(host));
  const int names = expect_names(ssl.get(), verdict.names);
  if (names < 0) return refuse("no TLS names to check");
  if (verdict.requires_name() && names == 0) {
    return fail(Blame::Operator, "no name to verify the certificate of " + printable(host),
                "TLS level " + std::string(trust::name(verdict.level)));
  }
  SSL_set_verify(ssl.get(), verdict.requires_name() ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_set_connect_state(ssl.get());
  Session session(ssl.release());
  session.checks_name_ = names > 0;
  return session;
}

Session::Step Session::step_for(int returned, std::size_t bytes) {
  const int system = errno;
  if (returned > 0) return {Want::Nothing, bytes};
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ: return {Want::Read};
    case SSL_ERROR_WANT_WRITE: return {Want::Write};
    case SSL_ERROR_ZERO_RETURN:
      if (SSL_is_init_finished(ssl_)) return {Want::Closed};
      error_ = "the peer closed during the handshake";
      break;
    case SSL_ERROR_SYSCALL:
      error_ = system != 0 ? std::strerror(system) : "the peer closed the connection";
      break;
    default: {
      error_ = take_openssl_error();
      const long verified = SSL_get_verify_result(ssl_);
      if (verified != X509_V_OK && !SSL_is_init_finished(ssl_)) {
        error_ += std::string(": ") + X509_verify_cert_error_string(verified);
      }
    }
  }
  return {Want::Failed};
}

Session::Step Session::handshake() {
  ERR_clear_error();
  errno = 0;
  return step_for(SSL_do_handshake(ssl_), 0);
}

Session::Step Session::read(std::span<char> into) {
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  const int returned = SSL_read_ex(ssl_, into.data(), into.size(), &bytes);
  return step_for(returned, bytes);
}

Session::Step Session::write(std::string_view bytes) {
  ERR_clear_error();
  errno = 0;
  std::size_t written = 0;
  const int returned = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
  return step_for(returned, written);
}

Session::Step Session::shutdown() {
  if (!error_.empty() || !SSL_is_init_finished(ssl_)) return {};
  ERR_clear_error();
  errno = 0;
  const int returned = SSL_shutdown(ssl_);
  return returned == 0 ? Step{} : step_for(returned, 0);
}

bool Session::has_pending() const { return SSL_has_pending(ssl_) == 1; }

TlsFacts Session::facts() const {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl_);
  facts.cipher = SSL_get_cipher_name(ssl_);
  const long group = SSL_get_negotiated_group(ssl_);
  if (group != NID_undef) {
    const char* name = SSL_group_to_name(ssl_, static_cast<int>(group));
    if (name) facts.group = name;
  }
  facts.resumed = SSL_session_reused(ssl_) == 1;
  if (const char* sni = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) {
    facts.sni = printable(sni);
  }
  if (SSL_is_server(ssl_)) return facts;

  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (!certificate) {
    facts.peer = PeerCheck::NoCertificate;
    return facts;
  }
  const long verified = SSL_get_verify_result(ssl_);
  facts.peer_digest = digest_of(certificate);
  facts.peer_key_digest = key_digest_of(certificate);
  const char* matched = SSL_get0_peername(ssl_);
  facts.peer_name = matched ? printable(matched) : certificate_name(certificate);
  facts.peer = verified == X509_V_OK && checks_name_ ? PeerCheck::Verified : PeerCheck::Unverified;
  if (verified != X509_V_OK)
    facts.why = X509_verify_cert_error_string(verified);
  else if (!checks_name_)
    facts.why = "no name to check";
  return facts;
}

std::vector<CertificateFacts> Session::peer_chain() const {
  std::vector<CertificateFacts> chain;
  if (X509* leaf = SSL_get0_peer_certificate(ssl_)) chain.push_back(facts_of(leaf));
  // A server's view of the chain is without the leaf, a client's with it.
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(ssl_);
  const int count = sent ? sk_X509_num(sent) : 0;
  for (int i = SSL_is_server(ssl_) ? 0 : 1; i < count; ++i) {
    chain.push_back(facts_of(sk_X509_value(sent, i)));
  }
  return chain;
}

std::string Session::error() const { return error_; }

}  // namespace outrider::tls
