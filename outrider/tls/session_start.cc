#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "outrider/base/ip.h"
#include "outrider/base/text.h"
#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/hardening.h"
#include "outrider/tls/proof.h"
#include "outrider/tls/resumption.h"

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
  SSL_set_hostflags(ssl, host_check_flags);
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

// Within what the context allows: a version that it does not have is not negotiated.
bool keep_to(SSL* ssl, Version version) {
  const int number = protocol_number(version);
  const bool allowed =
      number >= SSL_get_min_proto_version(ssl) && number <= SSL_get_max_proto_version(ssl);
  return allowed && SSL_set_min_proto_version(ssl, number) == 1 &&
         SSL_set_max_proto_version(ssl, number) == 1;
}

}  // namespace

Result<Session> Session::server(const ServerContext& context, int fd, std::optional<Version> only) {
  auto ssl = session_on(context.native(), fd);
  if (!ssl) return refuse("no TLS session");
  if (only && !keep_to(ssl.get(), *only)) return refuse("no such version of TLS");
  SSL_set_accept_state(ssl.get());
  return Session(ssl.release());
}

Result<Session> Session::client(const ClientContext& context, int fd, std::string_view host,
                                const trust::Verdict& verdict, Resumption resumption,
                                std::optional<Version> only) {
  auto ssl = session_on(context.native(), fd);
  if (!ssl) return refuse("no TLS session");
  if (only && !keep_to(ssl.get(), *only)) return refuse("no such version of TLS");
  if (!name_server(ssl.get(), host)) return refuse("no TLS server name " + printable(host));
  if (auto done = expect_proof(ssl.get(), host, verdict); !done)
    return std::unexpected(done.error());
  // DANE has set the base domain as the name; it stays where no other is expected.
  const bool special = is_special(verdict);
  if (special && !verdict.names.empty() && SSL_set1_host(ssl.get(), nullptr) != 1)
    return refuse("no TLS names to check");
  const int names = expect_names(ssl.get(), verdict.names);
  if (names < 0) return refuse("no TLS names to check");
  const bool nameless = names == 0 && (!special || !verdict.names.empty());
  const bool by_name = !verdict.tlsa.empty() || (verdict.requires_name() && !special);
  if (by_name && nameless) {
    return fail(Blame::Operator, "no name to verify the certificate of " + printable(host),
                "TLS level " + std::string(trust::name(verdict.level)));
  }
  const bool insists = verdict.requires_name() || special;
  SSL_set_verify(ssl.get(), insists ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_set_connect_state(ssl.get());
  if (!resume(ssl.get(), std::move(resumption), verdict)) return refuse("no TLS resumption");
  Session session(ssl.release());
  session.checks_name_ = names > 0;
  return session;
}

}  // namespace outrider::tls
