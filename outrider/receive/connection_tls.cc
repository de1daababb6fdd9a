// A connection's way into TLS, by RFC 3207 and by the draft of 1997, and what follows from it.
#include <utility>

#include "outrider/base/text.h"
#include "outrider/receive/connection.h"
#include "outrider/receive/forecast.h"

namespace outrider::receive {

using std::chrono::seconds;

awaitable<bool> Connection::start_tls(std::string token) {
  const tls::Version* only =
      token.size() > 3 ? tls::version_named(std::string_view(token).substr(3)) : nullptr;
  only_ = only != nullptr ? std::optional(*only) : std::nullopt;
  session_->answer(smtp::replies::start_tls);
  // Under the draft commands may still come: tls_begins() tells them from the handshake.
  if (!token.empty()) co_return true;
  const bool written = co_await flush();
  if (!written) co_return false;
  co_return co_await secure(std::nullopt);
}

awaitable<bool> Connection::secure(std::optional<tls::Version> only) {
  const Result<TlsFacts> facts =
      co_await stream_.accept_tls(listener_.tls_context, listener_.time.handshake, only);
  if (!facts) {
    why_ = facts.error().text();
    co_return false;
  }
  if (!session_) co_return true;
  session_->tls_established();
  know_client();
  transaction_.reset();  // RFC 3207 §4.2
  co_return true;
}

// draft-hoffman-smtp-ssl §2: who is known by his certificate may more. RFC 3207 §4.1: a server may
// also find that TLS without that is not enough.
void Connection::know_client() {
  const TlsFacts* tls = stream_.tls();
  if (tls == nullptr) return;
  const bool known = options_->relay_certificates.contain(*tls);
  if (known) client_.may_relay = true;
  if (known || listener_.client_certificates != ClientCertificates::Require) return;
  log_refused("TLS without a certificate that is known", smtp::replies::lack_of_security);
  session_->lacks_security();
}

// The 1997 draft lets commands and TLS follow each other in clear: no more than a line is taken off
// the socket, so that OpenSSL finds its first byte there.
awaitable<Result<std::size_t>> Connection::read_line(seconds left) {
  const std::span<char> room = session_->prepare();
  const Result<std::size_t> seen = co_await stream_.peek(room, left);
  if (!seen || *seen == 0) co_return seen;
  const auto end = std::string_view(room.data(), *seen).find('\n');
  const std::size_t line = end == std::string_view::npos ? *seen : end + 1;
  co_return co_await stream_.read_some(room.first(line), left);
}

awaitable<bool> Connection::tls_begins(seconds left) {
  char first = 0;
  const Result<std::size_t> seen = co_await stream_.peek(std::span(&first, 1), left);
  co_return seen && *seen == 1 && smtp::is_tls_byte(first);
}

bool Connection::needs_look_up(const smtp::RcptCommand& rcpt) const {
  return (transaction_->requires_tls() && reception_->forecast) ||
         (reception_->listing && transaction_->needs_listing(rcpt));
}

awaitable<void> Connection::look_up_recipient(smtp::RcptCommand rcpt) {
  LookedUp found;
  if (transaction_->requires_tls() && reception_->forecast) {
    found.refusal = co_await ask_forecast(reception_->forecast, stream_.thread(), rcpt.forward_path,
                                          options_->listing.patience);
  }
  if (reception_->listing && transaction_->needs_listing(rcpt)) {
    std::vector<IpAddress> own = options_->listing.own_addresses;
    if (const auto local = stream_.local()) own.push_back(local->address);
    found.listed =
        co_await Listing::ask(reception_->listing, stream_.thread(),
                              to_lower(rcpt.forward_path.domain), std::move(own), options_);
  }
  answer_recipient(rcpt, std::move(found));
}

}  // namespace outrider::receive
