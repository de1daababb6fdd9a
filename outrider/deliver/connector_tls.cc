// TLS on a new connection: which form is asked for, what was negotiated, and what it means that
// there is none.
#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <variant>

#include "outrider/base/text.h"
#include "outrider/deliver/connector.h"
#include "outrider/deliver/security.h"
#include "outrider/trust/negotiated.h"

namespace outrider::deliver {
namespace {

constexpr std::chrono::seconds farewell{5};

}  // namespace

// False: nothing that both sides know is offered. RFC 3207 before the draft of 1997.
bool Connector::start_tls(smtp::ClientSession& session, const Target& target) {
  const auto& offered = session.extensions();
  if (offered.starttls && target.form != smtp::StartTlsForm::DraftHoffman) {
    session.start_tls();
    return true;
  }
  if (!offered.draft_tls || target.form == smtp::StartTlsForm::Rfc3207) return false;
  auto tokens = smtp::tokens_to_ask(offered.tls_tokens, target.tls.tokens());
  if (tokens.empty()) return false;
  session.start_tls(std::move(tokens));
  return true;
}

awaitable<std::optional<Connector::Refusal>> Connector::greet(Connection& connection,
                                                              const Target& target,
                                                              bool offer_tls) {
  smtp::ClientSession& session = connection.session();
  const bool use_tls = offer_tls && target.tls.context && target.verdict.wants_tls();
  bool behind_tls = false;
  for (;;) {
    const smtp::ClientEvent event = co_await connection.advance(site_->options.time.greeting);
    if (std::holds_alternative<smtp::Ready>(event)) {
      if (session.secure()) {
        // Not before: some servers refuse what they saw only behind the handshake.
        const TlsFacts* facts = connection.stream().tls();
        if (facts != nullptr) note_tls(target, *facts, session.extensions().require_tls);
        if (!target.verdict.require_extension || session.extensions().require_tls) {
          co_return std::nullopt;
        }
        co_return without_extension(target);
      }
      if (use_tls && connection.missed_tls.empty()) {
        if (start_tls(session, target)) continue;
        connection.missed_tls = "the server does not offer STARTTLS";
      }
      if (!target.verdict.requires_tls()) co_return std::nullopt;
      if (!target.tls.context) co_return without_tls(target, "this server has no TLS for clients");
      Refusal none = without_tls(target, connection.missed_tls);
      none.kind = Refusal::Kind::NoTls;
      co_return none;
    }
    if (const auto* ready = std::get_if<smtp::TlsReady>(&event)) {
      std::string token = ready->token;
      std::optional<Refusal> refused = co_await secure(connection, target, std::move(token));
      if (refused) co_return refused;
      session.tls_established();
      behind_tls = true;
    } else if (const auto* refused = std::get_if<smtp::TlsRefused>(&event)) {
      connection.missed_tls = "STARTTLS was refused: " + printable(refused->reply.line());
    } else if (const auto* broken = std::get_if<smtp::Broken>(&event)) {
      co_return refusal(*broken, target, behind_tls);
    } else {
      co_return without_tls(target, "the conversation is out of step");
    }
  }
}

awaitable<std::optional<Connector::Refusal>> Connector::secure(Connection& connection,
                                                               const Target& target,
                                                               std::string token) {
  if (!target.tls.context) co_return without_tls(target, "this server has no TLS for clients");
  // A session of another version is of no use to a handshake that is kept to this one.
  tls::Resumption place{site_->sessions, target.sessions + "\n" + token};
  std::optional<tls::Version> only;
  if (!token.empty()) {
    if (const auto* version = tls::version_named(token.substr(3))) only = *version;
  }
  const auto patience = site_->options.time.handshake;
  const Result<TlsFacts> facts = co_await connection.stream().connect_tls(
      target.tls.context, target.verdict.base.empty() ? target.host : target.verdict.base,
      target.verdict, patience, std::move(place), only);
  if (!facts) {
    connection.broken = true;
    Refusal refused;
    refused.kind = Refusal::Kind::Handshake;
    refused.reply = insecure(
        target.verdict,
        fmt::format("{}: {}; {}", target.remote, facts.error().input, rule_of(target.verdict)));
    co_return refused;
  }
  connection.tls = facts->text();
  const auto least = tls::name(target.tls.parameters.least);
  std::string why = trust::shortfall(*facts, target.verdict, least);
  if (!why.empty()) co_return co_await leave(connection, target, std::move(why));
  if (facts->resumed) site_->resumed.fetch_add(1, std::memory_order_relaxed);
  co_return std::nullopt;
}

// RFC 3207 §4.1: QUIT at once where the security is too low.
awaitable<Connector::Refusal> Connector::leave(Connection& connection, const Target& target,
                                               std::string why) {
  if (target.kind != Route::Kind::Smtps) {
    connection.session().tls_too_weak();
    const smtp::ClientEvent ended = co_await connection.advance(farewell);
    static_cast<void>(ended);
  }
  connection.broken = true;
  co_await connection.stream().shutdown();
  Refusal refused;
  refused.kind = Refusal::Kind::Handshake;
  refused.reply =
      insecure(target.verdict, fmt::format("{}: {}; TLS was left with QUIT; {}", target.remote, why,
                                           rule_of(target.verdict)));
  co_return refused;
}

Connector::Refusal Connector::refusal(const smtp::Broken& broken, const Target& target,
                                      bool behind_tls) const {
  Refusal refused;
  if (broken.reply.code >= 400) {
    refused.kind = Refusal::Kind::Refused;
    refused.reply = broken.reply;
    refused.ours = false;
    return refused;
  }
  // Some servers end a TLS 1.3 handshake only after we have finished ours.
  const bool handshake = behind_tls && target.verdict.in_clear();
  refused.kind = handshake ? Refusal::Kind::Handshake : Refusal::Kind::Unreachable;
  refused.reply = {450, "4.4.2", fmt::format("{}: {}", target.remote, printable(broken.why, 400))};
  return refused;
}

Connector::Refusal Connector::without_tls(const Target& target, std::string_view why) const {
  Refusal refused;
  refused.kind = Refusal::Kind::Refused;
  refused.reply = insecure(
      target.verdict, fmt::format("{}: TLS is demanded ({}: {}), and {}", target.remote,
                                  trust::name(target.verdict.level), rule_of(target.verdict), why));
  return refused;
}

Connector::Refusal Connector::without_extension(const Target& target) {
  Refusal refused;
  refused.kind = Refusal::Kind::Barred;
  refused.reply = {550, "5.7.30",
                   fmt::format("{} does not offer REQUIRETLS, which the message asks for "
                               "(RFC 8689 §4.2.1)",
                               target.remote)};
  return refused;
}

}  // namespace outrider::deliver
