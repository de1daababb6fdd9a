#include "outrider/smtp/client_session.h"

#include <cassert>

#include "outrider/base/text.h"
#include "outrider/smtp/client_state.h"

namespace outrider::smtp {
namespace {

// So many commands may be unanswered that neither side's socket fills with replies that nobody
// reads while the other is still writing (RFC 2920 §3.1).
constexpr std::size_t most_in_flight = 128;

}  // namespace

ClientSession::State::State(const ClientOptions& options, bool secure)
    : options(&options), secure(secure), parser(options.reply_line, options.reply_total) {}

ClientEvent ClientSession::State::next() {
  for (;;) {
    if (broken) return *broken;
    if (mode == Mode::Ended) return Ended{};
    if (finished_locally) return finish();
    if (answered < sent) {
      if (input.empty()) break;
      input.consume(parser.read(input.view()));
      if (parser.broken()) return stop(parser.why());
      if (!parser.complete()) continue;
      if (auto event = on_reply(parser.take())) return *std::move(event);
      continue;
    }
    if (!input.empty()) return unasked();
    if (mode != Mode::Talk) break;
    if (sent == steps.size()) {
      auto event = settle();
      if (!std::holds_alternative<NeedInput>(event)) return event;
    }
    pump();
  }
  if (closed) return lost();
  if (answered == sent && mode == Mode::Idle) return Ready{};
  if (answered == sent && mode == Mode::Handshake) {
    return TlsReady{tls_tokens.empty() ? std::string() : tls_tokens.front()};
  }
  if (answered == sent && chunk_refused) return finish();
  input.rest();
  return NeedInput{};
}

ClientEvent ClientSession::State::lost() {
  const bool awaits = answered < sent;
  if (awaits && steps[answered].kind == Kind::Quit) {
    mode = Mode::Ended;
    return Ended{};
  }
  Reply reply;
  if (awaits && steps[answered].kind == Kind::Helo) reply = refused_hello;
  return stop("connection closed by the server during " + std::string(phase()), std::move(reply));
}

void ClientSession::State::say(Kind kind) {
  steps = {Step{kind, 0}};
  sent = answered = 0;
  mode = Mode::Talk;
  pump();
}

void ClientSession::State::pump() {
  const bool pipelined = offered.pipelining && options->pipelining;
  const std::size_t window = pipelined ? most_in_flight : 1;
  while (sent < steps.size() && sent - answered < window) write(steps[sent++]);
}

ClientEvent ClientSession::State::stop(std::string why, Reply reply) {
  if (why.empty()) why = "broken";
  broken = Broken{.reply = std::move(reply), .why = std::move(why)};
  return *broken;
}

bool ClientSession::State::may_speak() {
  if (broken) return false;
  assert(mode == Mode::Idle);
  if (!input.empty()) unasked();
  return !broken;
}

std::string_view ClientSession::State::phase() const {
  if (answered < sent) {
    switch (steps[answered].kind) {
      case Kind::Greeting: return "greeting";
      case Kind::Ehlo: return options->lmtp ? "LHLO" : "EHLO";
      case Kind::Helo: return "HELO";
      case Kind::StartTls: return "STARTTLS";
      case Kind::Reset: return "RSET";
      case Kind::Mail: return "MAIL";
      case Kind::Rcpt: return "RCPT";
      case Kind::Data: return "DATA";
      case Kind::Chunk: return "BDAT";
      case Kind::End: return "end of content";
      case Kind::Quit: return "QUIT";
    }
  }
  switch (mode) {
    case Mode::Body: return "content";
    case Mode::Handshake: return "TLS handshake";
    case Mode::Ended: return "end";
    case Mode::Talk:
    case Mode::Idle: return "idle";
  }
  return "";
}

ClientSession::ClientSession(const ClientOptions& options, bool secure)
    : state_(std::make_unique<State>(options, secure)) {}
ClientSession::~ClientSession() = default;
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;

std::span<char> ClientSession::prepare() { return state_->input.prepare(); }
void ClientSession::received(std::size_t n) { state_->input.received(n); }
void ClientSession::peer_closed() { state_->closed = true; }
ClientEvent ClientSession::next() { return state_->next(); }

void ClientSession::start_tls() {
  if (!state_->may_speak()) return;
  assert(state_->offered.starttls && !state_->secure);
  state_->say(State::Kind::StartTls);
}

void ClientSession::start_tls(std::vector<std::string> tokens) {
  if (!state_->may_speak()) return;
  assert(state_->offered.draft_tls && !state_->secure && !tokens.empty());
  state_->tls_tokens = std::move(tokens);
  state_->say(State::Kind::StartTls);
}

// RFC 3207 §4.2: the session of before is gone, with all that it knew.
void ClientSession::begin_inside(bool stays) {
  if (state_->broken) return;
  assert(state_->mode == State::Mode::Handshake);
  if (!state_->input.empty()) {
    state_->unasked();
    return;
  }
  auto fresh = std::make_unique<State>(*state_->options, true);
  fresh->say(stays ? State::Kind::Ehlo : State::Kind::Quit);
  state_ = std::move(fresh);
}

void ClientSession::tls_established() { begin_inside(true); }
void ClientSession::tls_too_weak() { begin_inside(false); }

void ClientSession::send(Transaction transaction) {
  if (state_->may_speak()) state_->begin(std::move(transaction));
}

void ClientSession::body(std::string_view content) { state_->take_body(content); }
void ClientSession::body_end() { state_->end_body(); }

void ClientSession::reset() {
  if (state_->may_speak()) state_->say(State::Kind::Reset);
}

void ClientSession::quit() {
  if (state_->may_speak()) state_->say(State::Kind::Quit);
}

std::string_view ClientSession::output() const { return state_->out; }

void ClientSession::output_sent() {
  state_->out.clear();
  state_->last_chunk = std::string::npos;
}

// RFC 5321 §4.5.3.2, by what is awaited.
std::chrono::seconds ClientSession::patience() const {
  using namespace std::chrono_literals;
  if (state_->answered == state_->sent) return 3min;  // content
  switch (state_->steps[state_->answered].kind) {
    case State::Kind::Data: return 2min;
    case State::Kind::Chunk:
    case State::Kind::End: return 10min;
    case State::Kind::Quit: return 10s;
    default: return 5min;
  }
}

const ClientOptions& ClientSession::options() const { return *state_->options; }
const Extensions& ClientSession::extensions() const { return state_->offered; }
bool ClientSession::secure() const { return state_->secure; }
std::string_view ClientSession::greeting() const { return state_->greeting; }
std::string_view ClientSession::phase() const { return state_->phase(); }
const std::vector<RecipientResult>& ClientSession::results() const { return state_->results; }
bool ClientSession::in_doubt() const { return state_->in_doubt; }

}  // namespace outrider::smtp
