// What each reply of the server means, by the command that it answers: RFC 5321 §4.3.2.
#include <utility>

#include "outrider/base/text.h"
#include "outrider/smtp/client_state.h"

namespace outrider::smtp {
namespace {

// 220 and 221 are the beginning and the end of a conversation, and never the success of a command
// in between: whoever says so is out of step.
bool is_success(const Reply& reply) {
  return reply.code / 100 == 2 && reply.code != 220 && reply.code != 221;
}

bool is_refusal(const Reply& reply) { return reply.transient() || reply.permanent(); }

}  // namespace

ClientSession::State::Outcome ClientSession::State::on_reply(Reply reply) {
  const Step step = steps[answered++];
  if (step.kind == Kind::Quit) {
    mode = Mode::Ended;
    return Ended{};
  }
  if (reply.code == 421) {  // RFC 5321 §3.8: it may answer anything, and the channel closes
    if (step.kind == Kind::End && answered == steps.size()) in_doubt = false;
    return stop("the server closes the connection", std::move(reply));
  }
  switch (step.kind) {
    case Kind::Greeting: return on_greeting(std::move(reply));
    case Kind::Ehlo:
    case Kind::Helo: return on_hello(step.kind, std::move(reply));
    case Kind::StartTls: return on_start_tls(std::move(reply));
    case Kind::Reset: return on_reset(reply);
    case Kind::Mail: return on_mail(std::move(reply));
    case Kind::Rcpt: return on_rcpt(step.recipient, std::move(reply));
    case Kind::Data: return on_data(std::move(reply));
    case Kind::Chunk: return on_chunk(std::move(reply));
    case Kind::End: return on_end(step.recipient, std::move(reply));
    case Kind::Quit: break;
  }
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_greeting(Reply reply) {
  if (is_refusal(reply)) return stop("the server refuses to talk", std::move(reply));
  if (reply.code != 220) return out_of_order(reply);
  if (!input.empty()) return unasked();
  greeting = printable(reply.text);
  say(Kind::Ehlo);
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_hello(Kind kind, Reply reply) {
  if (reply.code == 250) {
    if (kind == Kind::Ehlo) offered = parse_extensions(reply);
    offered.require_tls &= secure;
    if (secure) offered.starttls = offered.draft_tls = false;  // RFC 3207 §4.2: never twice
    mode = Mode::Idle;
    return std::nullopt;
  }
  if (!is_refusal(reply)) return out_of_order(reply);
  if (kind == Kind::Ehlo && reply.permanent() && !options->lmtp) {  // RFC 5321 §3.2
    if (!input.empty()) return unasked();
    refused_hello = std::move(reply);
    say(Kind::Helo);
    return std::nullopt;
  }
  return stop("the server refuses our name", std::move(reply));
}

ClientSession::State::Outcome ClientSession::State::on_start_tls(Reply reply) {
  if (reply.code == 220) {
    mode = Mode::Handshake;  // next() looks whether anything stands behind the 220
    return std::nullopt;
  }
  if (!is_refusal(reply)) return out_of_order(reply);
  if (!input.empty()) return unasked();
  // draft-hoffman-smtp-ssl §6: what one token could not, another may.
  if (reply.code == 504 && tls_tokens.size() > 1) {
    tls_tokens.erase(tls_tokens.begin());
    say(Kind::StartTls);
    return std::nullopt;
  }
  tls_tokens.clear();
  mode = Mode::Idle;
  return TlsRefused{.reply = std::move(reply)};
}

ClientSession::State::Outcome ClientSession::State::on_reset(const Reply& reply) {
  if (!is_success(reply)) return out_of_order(reply);
  server_holds = false;
  if (!transacting) mode = Mode::Idle;
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_mail(Reply reply) {
  if (is_success(reply)) {
    server_holds = true;
    return std::nullopt;
  }
  if (!is_refusal(reply)) return out_of_order(reply);
  mail_refused = true;
  steps.resize(sent);
  for (auto& result : results) {
    if (result.reply.code == 0) result.reply = reply;
  }
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_rcpt(std::size_t recipient, Reply reply) {
  if (!is_success(reply) && !is_refusal(reply)) return out_of_order(reply);
  if (mail_refused) return std::nullopt;  // pipelined behind a refused MAIL: says nothing new
  if (is_success(reply)) {
    accepted.push_back(recipient);
    return std::nullopt;
  }
  if (reply.code == 503) return out_of_order(reply);
  if (reply.code == 552) {  // RFC 5321 §4.5.3.1.10: the old code for too many recipients
    reply.code = 452;
    if (!reply.status.empty()) reply.status[0] = '4';
  }
  results[recipient].reply = std::move(reply);
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_data(Reply reply) {
  if (reply.code == 354) {
    go_ahead = true;
    return std::nullopt;
  }
  if (!is_refusal(reply)) return out_of_order(reply);
  if (reply.code == 503 && !accepted.empty()) return out_of_order(reply);
  answer_accepted(reply, false);
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_chunk(Reply reply) {
  if (chunk_refused || is_success(reply)) return std::nullopt;
  if (!is_refusal(reply)) return out_of_order(reply);
  chunk_refused = true;
  in_doubt = false;
  answer_accepted(reply, false);
  // How many replies an LMTP server gives to the rest cannot be known.
  if (options->lmtp) return stop("the server refused a part of the content");
  return std::nullopt;
}

ClientSession::State::Outcome ClientSession::State::on_end(std::size_t recipient, Reply reply) {
  if (!is_success(reply) && !is_refusal(reply)) return out_of_order(reply);
  if (answered == steps.size()) in_doubt = false;
  if (chunk_refused) return std::nullopt;
  server_holds = false;
  if (options->lmtp && !accepted.empty()) {
    results[recipient].reply = std::move(reply);
  } else {
    answer_accepted(reply, false);
  }
  return std::nullopt;
}

ClientEvent ClientSession::State::unasked() {
  const auto place = std::string(phase());
  if (mode == Mode::Handshake) return stop("the server spoke in clear behind its 220 to STARTTLS");
  input.consume(parser.read(input.view()));
  if (parser.broken()) return stop(parser.why());
  const bool in_content = mode == Mode::Body;
  if (!parser.complete()) {
    if (in_content && !closed) return NeedInput{};
    return stop("the server spoke before it was asked, during " + place);
  }
  Reply reply = parser.take();
  if (reply.code == 421) return stop("the server closes the connection", std::move(reply));
  if (in_content && is_refusal(reply)) {
    answer_accepted(reply, false);
    return stop("the server refused the content before its end", std::move(reply));
  }
  return stop("the server spoke before it was asked, during " + place + ": " +
              printable(reply.line()));
}

ClientEvent ClientSession::State::out_of_order(const Reply& reply) {
  const auto command = answered > 0 ? steps[answered - 1].kind : Kind::Greeting;
  std::string why = "reply makes no sense here: " + printable(reply.line());
  if (command == Kind::Reset) why = "the server refused RSET: " + printable(reply.line());
  return stop(std::move(why));
}

}  // namespace outrider::smtp
