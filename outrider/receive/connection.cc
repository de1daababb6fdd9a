#include "outrider/receive/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/mail/trace.h"
#include "outrider/receive/entrance.h"
#include "outrider/receive/inquiry.h"

namespace outrider::receive {

using std::chrono::seconds;

namespace {

// A client that is sent away gets this long to take the reply.
constexpr seconds farewell{5};

bool is_relay_client(const Options& options, const std::optional<Endpoint>& client) {
  if (!client) return false;
  return std::ranges::any_of(options.relay_networks, [&](const Network& network) {
    return network.contains(client->address);
  });
}

}  // namespace

Connection::Connection(std::shared_ptr<Reception> reception, std::shared_ptr<const Options> options,
                       const ListenerOptions& listener, const net::Accepted& accepted)
    : reception_(std::move(reception)),
      options_(std::move(options)),
      listener_(listener),
      stream_(accepted.thread, accepted.fd),
      neighbours_(reception_->of(accepted.thread)),
      client_{.session = next_session_id(), .endpoint = accepted.peer, .name = nullptr},
      begun_(steady_now()),
      expected_since_(begun_) {
  neighbours_.open.insert(this);
  reception_->opened();
}

Connection::~Connection() {
  neighbours_.open.erase(this);
  place_.reset();
  reception_->closed();
}

awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  Connection& connection = *self;
  connection.self_ = self;
  if (co_await connection.enter()) co_await connection.converse();
  connection.transaction_.reset();
  if (connection.entered_) connection.log_disconnect();
  if (!connection.leaving_) co_await connection.stream_.shutdown();
}

awaitable<bool> Connection::enter() {
  if (listener_.proxy_protocol) {
    const Result<std::optional<Endpoint>> told = co_await read_proxy_header(stream_, listener_);
    if (!told) {
      reception_->log.warning("proxy_refused")
          .field("session", client_.session)
          .field("listener", listener_.name)
          .field("client", client_.text())
          .field("reason", told.error().text());
      co_return false;
    }
    if (*told) {
      client_.endpoint = *told;
      stream_.set_peer(**told);
    }
  }
  std::string_view setting;
  const std::optional<IpAddress> address =
      client_.endpoint ? std::optional(client_.endpoint->address) : std::nullopt;
  place_ = reception_->counts.enter(address, options_->limits, setting);
  if (!place_) {
    co_await turn_away(setting);
    co_return false;
  }
  client_.may_relay = is_relay_client(*options_, client_.endpoint);
  client_.name = look_up_name(reception_, *options_, stream_.thread(), client_.endpoint);
  entered_ = true;
  log_connect();
  if (listener_.tls == TlsMode::Implicit) {
    const bool secured = co_await secure(std::nullopt);
    if (!secured) co_return false;
  }
  if (listener_.time.greet_pause > seconds(0)) {
    const bool silent = co_await stays_silent(stream_, listener_.time.greet_pause);
    if (!silent) {
      // RFC 5321 §4.3.1: the client waits for the greeting. Who does not is no mail server.
      const smtp::Reply reply = smtp::replies::improper_pipelining;
      log_refused("before the greeting", reply);
      const std::string wire = reply.wire();
      co_await stream_.write(wire, farewell);
      why_ = "spoke before the greeting";
      co_return false;
    }
  }
  session_.emplace(listener_.smtp, listener_.tls == TlsMode::Implicit);
  know_client();
  expected_since_ = steady_now();
  co_return true;
}

awaitable<void> Connection::turn_away(std::string_view setting) {
  std::uint64_t silent = 0;
  if (reception_->may_log_turned_away(silent)) {
    LogLine line = reception_->log.warning("turned_away");
    line.field("client", client_.text())
        .field("listener", listener_.name)
        .field("setting", setting)
        .field("reply", smtp::Reply(smtp::replies::too_many_connections).line());
    if (silent > 0) line.field("more", silent);
  }
  // Where TLS comes first the client could not read a reply, and a handshake costs what we lack.
  if (listener_.tls == TlsMode::Implicit) co_return;
  const std::string wire = smtp::Reply(smtp::replies::too_many_connections).wire();
  co_await stream_.write(wire, farewell);
}

awaitable<void> Connection::converse() {
  for (;;) {
    const smtp::Event event = session_->next();
    bool goes_on = true;
    if (std::holds_alternative<smtp::NeedInput>(event)) {
      goes_on = co_await more_input();
    } else {
      expected_since_ = {};
      if (const auto* part = std::get_if<smtp::BodyPart>(&event)) {
        co_await transaction_->content(part->bytes);
      } else if (std::holds_alternative<smtp::MessageEnd>(event)) {
        co_await finish_message();
      } else if (std::holds_alternative<smtp::StartTls>(event)) {
        goes_on = co_await start_tls(std::string(std::get<smtp::StartTls>(event).token));
      } else if (const auto* recipient = std::get_if<smtp::Recipient>(&event);
                 recipient && needs_look_up(recipient->rcpt)) {
        co_await look_up_recipient(recipient->rcpt);
      } else if (!settle(event)) {
        co_await flush();
        goes_on = false;
      }
    }
    if (!goes_on) co_return;
  }
}

/// Events that need no waiting. False: the conversation is over.
bool Connection::settle(const smtp::Event& event) {
  if (const auto* sender = std::get_if<smtp::Sender>(&event)) {
    answer_sender(sender->mail);
  } else if (const auto* recipient = std::get_if<smtp::Recipient>(&event)) {
    answer_recipient(recipient->rcpt, {});
  } else if (const auto* verified = std::get_if<smtp::Verify>(&event)) {
    answer_inquiry(verify(options_->local_domains(), verified->text), "VRFY", verified->text);
  } else if (const auto* expanded = std::get_if<smtp::Expand>(&event)) {
    answer_inquiry(expand(options_->local_domains(), expanded->text), "EXPN", expanded->text);
  } else if (std::holds_alternative<smtp::Dropped>(event)) {
    transaction_.reset();
  } else if (const auto* refused = std::get_if<smtp::Refused>(&event)) {
    log_refused(refused->what, refused->reply);
  } else if (const auto* close = std::get_if<smtp::Close>(&event)) {
    if (why_.empty()) why_ = close->why;
    return false;
  }
  return true;
}

awaitable<bool> Connection::more_input() {
  // A reply is the end of a command, a part of content is a step: the next limit begins.
  if (!session_->output().empty() || session_->waiting_for_body()) expected_since_ = {};
  const bool written = co_await flush();
  if (!written) co_return false;
  if (!transaction_ && reception_->draining.load(std::memory_order_relaxed)) {
    why_ = "draining";
    session_->close(smtp::replies::shutting_down);
    co_return true;
  }
  if (expected_since_ == Steady{}) expected_since_ = steady_now();
  const seconds left = time_left();
  if (left <= seconds(0)) {
    time_is_over();
    co_return true;
  }
  if (session_->awaits_tls()) {
    const bool begins = co_await tls_begins(left);
    if (begins) co_return co_await secure(only_);
  }
  const Result<std::size_t> n = co_await read(left);
  if (leaving_) co_return false;
  if (n && *n > 0) {
    session_->received(*n);
    co_return true;
  }
  if (!n && n.error().rule == "time limit") {
    time_is_over();
    co_return true;
  }
  why_ = n ? "the client closed" : n.error().text();
  co_return false;
}

awaitable<Result<std::size_t>> Connection::read(seconds left) {
  // Behind a read that filled its buffer more is there; else wait first, without a buffer.
  if (!read_was_full_) {
    resting_ = !transaction_;
    const Result<void> readable = co_await stream_.wait_readable(left);
    resting_ = false;
    if (leaving_) co_return std::size_t{0};
    if (!readable) co_return std::unexpected(readable.error());
  }
  if (session_->takes_lines()) co_return co_await read_line(left);
  const std::span<char> room = session_->prepare();
  const Result<std::size_t> n = co_await stream_.read_some(room, left);
  read_was_full_ = n && *n == room.size();
  co_return n;
}

awaitable<bool> Connection::flush() {
  const std::string_view output = session_->output();
  if (output.empty()) co_return true;
  const Result<void> written = co_await stream_.write(output, listener_.time.write);
  session_->output_sent();
  if (!written && why_.empty()) why_ = written.error().text();
  co_return written.has_value();
}

awaitable<void> Connection::finish_message() {
  const std::size_t answers = listener_.smtp.lmtp ? transaction_->accepted() : 1;
  const smtp::Reply reply = co_await transaction_->end();
  transaction_.reset();
  if (reply.positive()) {
    ++messages_;
  } else {
    log_refused("end of data", reply);
  }
  for (std::size_t i = 0; i < answers; ++i) session_->answer(reply);
}

void Connection::answer_inquiry(smtp::Reply reply, std::string_view verb, std::string_view text) {
  if (!reply.positive()) log_refused(fmt::format("{} {}", verb, printable(text, 200)), reply);
  session_->answer(reply);
}

void Connection::answer_sender(const smtp::MailCommand& mail) {
  auto transaction = std::make_unique<Transaction>(*reception_, *options_, listener_, client_);
  const smtp::Reply reply = transaction->sender(mail, origin(mail.smtputf8), stream_.tls());
  if (reply.positive())
    transaction_ = std::move(transaction);
  else
    log_refused(fmt::format("MAIL FROM:{}", printable(mail.reverse_path.path())), reply);
  session_->answer(reply);
}

void Connection::answer_recipient(const smtp::RcptCommand& rcpt, LookedUp found) {
  const smtp::Reply reply = transaction_->recipient(rcpt, std::move(found));
  if (!reply.positive())
    log_refused(fmt::format("RCPT TO:{}", printable(rcpt.forward_path.path())), reply);
  session_->answer(reply);
}

void Connection::leave(std::shared_ptr<Connection> self) {
  if (!self->resting_ || self->leaving_) return;
  self->leaving_ = true;
  Connection& connection = *self;
  connection.why_ = "draining";
  connection.stream_.thread().spawn(connection.say_goodbye(std::move(self)));
}

// Beside the conversation, which waits for the client and ends when the stream is closed.
awaitable<void> Connection::say_goodbye(std::shared_ptr<Connection> self) {
  const std::string wire = smtp::Reply(smtp::replies::shutting_down).wire();
  co_await self->stream_.write(wire, farewell);
  co_await self->stream_.shutdown();
}

void Connection::cut() {
  if (why_.empty()) why_ = "cut off by the end of the drain";
  stream_.close();
}

seconds Connection::time_left() const {
  // In content the limit is for each part of it, elsewhere for the whole command, so that a
  // client who sends an octet now and then gets no further (RFC 5321 §4.5.3.2).
  const Steady time = steady_now();
  const auto command = expected_since_ + session_->patience() - time;
  const auto life = begun_ + listener_.time.connection - time;
  return std::chrono::ceil<seconds>(std::min<Steady::duration>(command, life));
}

void Connection::time_is_over() {
  const bool whole_life = steady_now() - begun_ >= listener_.time.connection;
  why_ = whole_life ? "time.connection" : "idle too long";
  session_->close(whole_life ? smtp::replies::connection_too_long : smtp::replies::idle_too_long);
}

mail::Origin Connection::origin(bool smtputf8) const {
  mail::Origin origin;
  origin.helo = printable(session_->helo());
  origin.client = client_.origin_address();
  const TlsFacts* tls = stream_.tls();
  origin.protocol = mail::protocol_keyword(session_->extended(), listener_.smtp.lmtp,
                                           tls != nullptr, false, smtputf8);
  if (tls != nullptr) origin.tls = tls->text();
  return origin;
}

void Connection::log_refused(std::string_view command, const smtp::Reply& reply) {
  if (++refusals_ > options_->limits.log_refusals) return;
  LogLine line = reception_->log.info("refused");
  line.field("session", client_.session).field("client", client_.text());
  if (session_) line.field("helo", printable(session_->helo()));
  line.field("command", command).field("reply", reply.line());
}

void Connection::log_connect() const {
  reception_->log.info("connect")
      .field("session", client_.session)
      .field("listener", listener_.name)
      .field("client", client_.text());
}

void Connection::log_disconnect() const {
  const auto lasted = std::chrono::duration_cast<Duration>(steady_now() - begun_);
  LogLine line = reception_->log.info("disconnect");
  line.field("session", client_.session)
      .field("client", client_.text())
      .field("messages", messages_)
      .field("refused", refusals_)
      .field("duration", fmt::format("{:.3f}", static_cast<double>(lasted.count()) / 1000));
  if (const TlsFacts* tls = stream_.tls()) {
    line.field("tls", tls->text());
    if (!tls->sni.empty()) line.field("sni", tls->sni);
    if (!tls->peer_name.empty()) line.field("peer", tls->peer_name);
  }
  line.field("why", why_);
}

}  // namespace outrider::receive
