// STARTTLS on the server's side: RFC 3207, and draft-hoffman-smtp-ssl-00 of 1997 where a listener
// speaks it. Which commands are refused for want of security is decided here too.
#include <algorithm>

#include "outrider/base/text.h"
#include "outrider/smtp/server_state.h"

namespace outrider::smtp {

std::string ServerSession::State::tls_extensions() const {
  // Not offered inside TLS: RFC 3207 §4.2.
  if (!options.offer_starttls || secure) return {};
  std::string list;
  if (options.start_tls_form != StartTlsForm::Rfc3207) {
    list += "\nTLS";
    for (const auto& token : options.tls_tokens) list.append(" ").append(token);
  }
  if (options.start_tls_form != StartTlsForm::DraftHoffman) list += "\nSTARTTLS";
  return list;
}

// RFC 3207 §4 for a listener that demands TLS, §4.1 for TLS that came to too little.
const FixedReply* ServerSession::State::insecure(Verb verb, std::string_view word) const {
  if (verb == Verb::Quit) return nullptr;
  if (lacks_security) return &replies::lack_of_security;
  if (!options.require_tls || secure) return nullptr;
  const bool may_come_first =
      verb == Verb::Noop || verb == Verb::StartTls || (verb == Verb::Hello && word != "HELO");
  return may_come_first ? nullptr : &replies::tls_first;
}

const FixedReply* ServerSession::State::start_tls_refusal(std::string_view argument) const {
  if (secure) return &replies::already_secure;
  const auto form = options.start_tls_form;
  const bool draft =
      form == StartTlsForm::DraftHoffman || (form == StartTlsForm::Both && !argument.empty());
  if (!draft) {
    return options.offer_starttls ? nullptr : &replies::no_tls_now;
  }
  // draft-hoffman-smtp-ssl §5: no parameter, or more than one
  if (argument.empty() || argument.contains(' ')) return &replies::bad_syntax;
  if (!options.offer_starttls) return &replies::no_tls_here;
  const bool served = std::ranges::any_of(
      options.tls_tokens, [&](const auto& token) { return iequals(token, argument); });
  return served ? nullptr : &replies::no_such_tls;
}

std::optional<Event> ServerSession::State::on_start_tls(std::string_view argument) {
  if (const auto* wrong = start_tls_refusal(argument)) {
    say(*wrong);
    refuse("STARTTLS " + std::string(argument), *wrong);
    return std::nullopt;
  }
  // What follows in clear text was not sent by whom the handshake will name: CVE-2011-0411. Under
  // the draft it is answered in clear, and is forgotten like all else when TLS begins.
  const auto line = input.view().find('\n') + 1;
  if (argument.empty() && input.view().size() > line) {
    refuse("STARTTLS with bytes behind it", replies::behind_start_tls);
    close(replies::behind_start_tls, "bytes behind STARTTLS");
    return std::nullopt;
  }
  tls_token = argument;
  return ask(Question::StartTls, StartTls{tls_token});
}

}  // namespace outrider::smtp
