#include "outrider/smtp/server_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/smtp/server_state.h"

namespace outrider::smtp {

using namespace std::chrono_literals;

ServerSession::ServerSession(const ServerOptions& options, bool secure)
    : state_(std::make_unique<State>(options, secure)) {
  const auto text = options.hostname + (options.lmtp ? " LMTP" : " ESMTP");
  state_->say(Reply(220, "", options.greeting.empty() ? text : text + " " + options.greeting));
}

ServerSession::~ServerSession() = default;
ServerSession::ServerSession(ServerSession&&) noexcept = default;
ServerSession& ServerSession::operator=(ServerSession&&) noexcept = default;

std::span<char> ServerSession::prepare() { return state_->input.prepare(); }
void ServerSession::received(std::size_t n) { state_->input.received(n); }
Event ServerSession::next() { return state_->next(); }

void ServerSession::answer(const Reply& reply) {
  using Question = State::Question;
  auto& state = *state_;
  assert(state.question != Question::None && "no event is waiting for an answer");
  state.say(reply);
  if (!reply.positive()) ++state.errors;
  if (state.question == Question::MessageEnd) {
    if (reply.positive()) state.errors = state.idle_commands = 0;
    if (--state.answers_left > 0) return;
    ++state.transactions;
    state.phase = Phase::Hello;  // both sides know that the transaction is over: no Dropped
    state.mode = State::Mode::Commands;
  }
  switch (std::exchange(state.question, Question::None)) {
    // Refused, a command leaves the session as it was: RFC 5321 §4.1.4.
    case Question::Sender:
      if (reply.positive()) state.phase = Phase::Sender;
      return;
    case Question::Recipient:
      if (!reply.positive()) return;
      state.phase = Phase::Recipient;
      ++state.recipients;
      --state.idle_commands;  // it led somewhere
      return;
    case Question::StartTls:
      if (!reply.positive()) return;
      state.awaits_tls = !state.tls_token.empty();
      if (!state.awaits_tls) state.mode = State::Mode::Handshake;
      return;
    case Question::Inquiry:
    case Question::MessageEnd:
    case Question::None: return;
  }
}

void ServerSession::tls_established() {
  assert((state_->mode == State::Mode::Handshake || state_->awaits_tls) && state_->input.empty());
  // RFC 3207 §4.2: knowledge from before TLS is gone, by construction.
  state_ = std::make_unique<State>(state_->options, true);
}

bool ServerSession::awaits_tls() const {
  return state_->awaits_tls && state_->mode == State::Mode::Commands && state_->input.empty();
}

bool ServerSession::takes_lines() const {
  const bool draft = state_->options.start_tls_form != StartTlsForm::Rfc3207;
  return draft && !state_->secure && state_->mode == State::Mode::Commands;
}

void ServerSession::lacks_security() { state_->lacks_security = true; }

void ServerSession::close(const Reply& reply) { state_->close(reply, "closed by the server"); }

std::chrono::seconds ServerSession::patience() const {
  // RFC 5321 §4.5.3.2.7 asks for at least 5 minutes for a command, §4.5.3.2.5 for 3 between
  // parts of the content.
  return waiting_for_body() ? 180s : 300s;
}

std::string_view ServerSession::output() const { return state_->output; }

void ServerSession::output_sent() {
  // An idle connection keeps no buffer that a long reply made.
  if (state_->output.capacity() > 1024) state_->output = {};
  state_->output.clear();
}

std::string_view ServerSession::helo() const { return state_->helo; }
bool ServerSession::extended() const { return state_->extended; }
bool ServerSession::secure() const { return state_->secure; }

bool ServerSession::waiting_for_body() const {
  const auto mode = state_->mode;
  return mode == State::Mode::Data || mode == State::Mode::Chunk ||
         mode == State::Mode::SkippedChunk;
}

Event ServerSession::State::next() {
  assert(question == Question::None && "the last event has not been answered");
  for (;;) {
    if (auto event = waiting_event()) return *event;
    std::optional<Event> event;
    switch (mode) {
      case Mode::Commands: event = next_command(); break;
      case Mode::Data: event = read_data(); break;
      case Mode::Chunk: event = read_chunk(); break;
      case Mode::SkippedChunk: event = skip_chunk(); break;
      case Mode::Handshake: event = NeedInput{}; break;
      case Mode::Closed: return Close{why_closed};
    }
    if (!event) continue;
    if (std::holds_alternative<NeedInput>(*event)) input.rest();
    return *event;
  }
}

// First what the log shall know, then that the message is gone.
std::optional<Event> ServerSession::State::waiting_event() {
  if (refused) return Refused{refused_what, *std::exchange(refused, std::nullopt)};
  if (std::exchange(dropped, false)) return Dropped{};
  return std::nullopt;
}

std::optional<Event> ServerSession::State::next_command() {
  if (errors >= options.limits.errors) {
    close(replies::too_many_errors, "too many errors");
    return std::nullopt;
  }
  if (idle_commands > options.limits.idle_commands) {
    close(replies::too_many_commands, "too many commands without a message");
    return std::nullopt;
  }
  const auto rest = input.view();
  // Binary bytes are another protocol, and its end of line may never come.
  if (phase == Phase::Greeting && !rest.empty() && rest[0] != '\r' && rest[0] != '\n' &&
      (rest[0] < ' ' || rest[0] > '~')) {
    refuse(rest, replies::other_protocol);
    close(replies::other_protocol, "another protocol");
    return std::nullopt;
  }
  // draft-hoffman-smtp-ssl §5 lets commands come behind the 220, and TLS only between them.
  if (awaits_tls && std::ranges::any_of(rest.substr(0, rest.find('\n')), is_tls_byte)) {
    refuse(rest, replies::behind_start_tls);
    close(replies::behind_start_tls, "TLS within a command line");
    return std::nullopt;
  }
  const auto end = rest.find('\n');
  const auto longest = options.limits.command_line;
  if (end == std::string_view::npos ? rest.size() >= longest : end >= longest) {
    close(replies::line_too_long, "line too long");
    return std::nullopt;
  }
  if (end == std::string_view::npos) return NeedInput{};
  const auto line = rest.substr(0, end);
  if (!line.ends_with('\r') || line.find('\r') != line.size() - 1 || line.contains('\0')) {
    refuse(line, replies::bare_line_end_in_command);
    close(replies::bare_line_end_in_command, "line end other than CRLF");
    return std::nullopt;
  }
  auto event = run_command(line.substr(0, line.size() - 1));
  // BDAT and DATA may have closed the session or begun a body: both go on behind this line.
  input.consume(end + 1);
  return event;
}

Event ServerSession::State::ask(Question asked, Event event) {
  question = asked;
  return event;
}

void ServerSession::State::say(const FixedReply& reply) {
  if (reply.text.size() > 400) return say(Reply(reply));
  const char code[] = {static_cast<char>('0' + reply.code / 100),
                       static_cast<char>('0' + reply.code / 10 % 10),
                       static_cast<char>('0' + reply.code % 10), ' '};
  output.append(code, sizeof code);
  if (!reply.status.empty()) output.append(reply.status).append(" ");
  output.append(reply.text).append("\r\n");
}

void ServerSession::State::say(const Reply& reply) { output += reply.wire(); }

void ServerSession::State::refuse(std::string_view what, const Reply& reply) {
  ++errors;
  refused_what = printable(what, 200);
  refused = reply;
}

void ServerSession::State::close(const Reply& reply, std::string_view why) {
  if (mode == Mode::Closed) return;
  say(reply);
  forget_transaction();
  mode = Mode::Closed;
  why_closed = why;
}

void ServerSession::State::forget_transaction() {
  if (phase > Phase::Hello) {
    phase = Phase::Hello;
    dropped = true;
  }
  recipients = 0;
  excess_recipients = 0;
}

}  // namespace outrider::smtp
