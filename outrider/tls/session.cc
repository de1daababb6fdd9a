#include <openssl/err.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "outrider/tls/context.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/proof.h"
#include "outrider/tls/resumption.h"

namespace outrider::tls {

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
        const auto refusal = refusal_of(ssl_);
        error_ += ": " + (refusal.empty() ? X509_verify_cert_error_string(verified) : refusal);
      }
    }
  }
  return {Want::Failed};
}

Session::Step Session::handshake() {
  ERR_clear_error();
  errno = 0;
  const auto step = step_for(SSL_do_handshake(ssl_), 0);
  // A resumed session is judged by what its full handshake found; the library does not ask.
  if (step.want != Want::Nothing || SSL_is_server(ssl_)) return step;
  const long verified = SSL_get_verify_result(ssl_);
  if (SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE || verified == X509_V_OK) {
    keep_renewed(ssl_);
    return step;
  }
  error_ = std::string("the resumed session: ") + X509_verify_cert_error_string(verified);
  return {Want::Failed};
}

Session::Step Session::renegotiate() {
  SSL_clear_options(ssl_, SSL_OP_NO_RENEGOTIATION);
  ERR_clear_error();
  if (SSL_renegotiate(ssl_) == 1) return handshake();
  error_ = take_openssl_error();
  return {Want::Failed};
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

std::string Session::error() const { return error_; }

}  // namespace outrider::tls
