// One message for one server: MAIL, RCPT, the content, and a result for each recipient.
#include <utility>

#include <fmt/format.h>

#include <iterator>

#include "outrider/smtp/client_state.h"

namespace outrider::smtp {

void ClientSession::State::begin(Transaction given) {
  transaction = std::move(given);
  const auto count = transaction.recipients.size();
  results.assign(count, {});
  accepted.clear();
  mail_refused = go_ahead = chunk_refused = ended = in_doubt = false;
  writer = ContentWriter();
  manner = manner_of(transaction, offered, options->chunking);
  steps.clear();
  sent = answered = 0;
  transacting = true;
  mode = Mode::Talk;
  if (const auto reply = refusal(transaction, offered, manner)) {
    results.assign(count, {.reply = *reply, .local = true});
    finished_locally = true;
    return;
  }
  if (server_holds) steps.push_back({Kind::Reset, 0});
  steps.push_back({Kind::Mail, 0});
  std::size_t named = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto reply = refusal(transaction.recipients[i])) {
      results[i] = {.reply = *reply, .local = true};
    } else if (offered.max_recipients == 0 || named < offered.max_recipients) {  // RFC 9422 §2
      steps.push_back({Kind::Rcpt, i});
      ++named;
    }
  }
  finished_locally = named == 0;
  const bool pipelined = offered.pipelining && options->pipelining;
  if (pipelined && !manner.bdat) steps.push_back({Kind::Data, 0});
  if (!finished_locally) pump();
}

void ClientSession::State::write(const Step& step) {
  switch (step.kind) {
    case Kind::Ehlo:
      out.append(options->lmtp ? "LHLO " : "EHLO ").append(options->hostname).append("\r\n");
      break;
    case Kind::Helo: out.append("HELO ").append(options->hostname).append("\r\n"); break;
    case Kind::StartTls:
      out += "STARTTLS";
      if (!tls_tokens.empty()) out.append(" ").append(tls_tokens.front());
      out += "\r\n";
      break;
    case Kind::Reset: out += "RSET\r\n"; break;
    case Kind::Mail: write_mail(transaction.mail, manner, out); break;
    case Kind::Rcpt: write_rcpt(transaction.recipients[step.recipient], manner, out); break;
    case Kind::Data: out += "DATA\r\n"; break;
    case Kind::Quit: out += "QUIT\r\n"; break;
    case Kind::Greeting:
    case Kind::Chunk:
    case Kind::End: break;  // nothing is said, or it was written with the content
  }
}

ClientEvent ClientSession::State::settle() {
  if (!transacting) return stop("no command is open");
  const auto last = steps.back().kind;
  if (last == Kind::End || ended) return finish();
  if (last == Kind::Data && !go_ahead) return finish();
  if (accepted.empty() && !go_ahead) return finish();
  if (accepted.empty()) {  // RFC 2920 §3.1: 354 with nobody to write to; only a dot ends it
    out += ".\r\n";
    steps.push_back({Kind::End, 0});
    return NeedInput{};
  }
  if (go_ahead || manner.bdat) {
    mode = Mode::Body;
    return BodyWanted{};
  }
  steps.push_back({Kind::Data, 0});
  return NeedInput{};
}

ClientEvent ClientSession::State::finish() {
  finished_locally = transacting = false;
  mode = Mode::Idle;
  steps.clear();
  sent = answered = 0;
  chunk_refused = false;
  return Done{.results = results};
}

void ClientSession::State::answer_accepted(const Reply& reply, bool local) {
  for (const auto recipient : accepted) results[recipient] = {.reply = reply, .local = local};
}

void ClientSession::State::take_body(std::string_view content) {
  if (broken || mode != Mode::Body || chunk_refused || content.empty()) return;
  if (!manner.bdat) {
    if (!writer.data(content, out)) spoil();
    return;
  }
  // RFC 3030 §3: only BINARYMIME allows lines that do not end with CRLF.
  if (manner.body != Body::BinaryMime && !writer.check(content)) return spoil();
  fmt::format_to(std::back_inserter(out), "BDAT {}", content.size());
  last_chunk = out.size();
  out.append("\r\n").append(content);
  steps.push_back({Kind::Chunk, 0});
  ++sent;
}

void ClientSession::State::end_body() {
  if (broken || mode != Mode::Body || chunk_refused) return;
  const bool whole =
      manner.bdat ? manner.body == Body::BinaryMime || writer.end_check() : writer.end_data(out);
  if (!whole) return spoil();
  if (manner.bdat) write_end();
  const std::size_t replies = options->lmtp ? accepted.size() : 1;  // RFC 2033 §4.2
  for (std::size_t i = 0; i < replies; ++i) steps.push_back({Kind::End, accepted[i]});
  sent = steps.size();
  ended = in_doubt = true;
  mode = Mode::Talk;
}

// The last chunk becomes LAST where it is not on its way yet: one reply less to wait for.
void ClientSession::State::write_end() {
  if (last_chunk == std::string::npos) {
    out += "BDAT 0 LAST\r\n";
    return;
  }
  out.insert(last_chunk, " LAST");
  last_chunk = std::string::npos;
  steps.pop_back();
}

void ClientSession::State::spoil() {
  answer_accepted({554, "5.6.11", "content has a line end other than CRLF, or a NUL"}, true);
  stop("content has a line end other than CRLF, or a NUL: it may not be sent");
}

}  // namespace outrider::smtp
