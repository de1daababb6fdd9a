#include "outrider/bench/giver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "outrider/base/text.h"
#include "outrider/bench/message.h"
#include "outrider/smtp/grammar.h"

namespace outrider::bench {
namespace {

constexpr std::size_t piece_size = 64 * 1024;

Address address_of(std::string_view text) {
  return smtp::parse_mailbox(text, smtp::Letters::Ascii).value();
}

// The server's words where it said any, else ours.
std::string words_of(const smtp::Broken& broken) {
  return broken.reply.code > 0 ? broken.reply.line() : broken.why;
}

}  // namespace

Giver::Giver(const SourceOptions& options, const Load& load, net::IoThread& thread,
             SourceResult& result)
    : result(result),
      options_(options),
      load_(load),
      thread_(thread),
      from_(address_of(options.from)),
      to_(address_of(options.to)) {
  client_.hostname = options.hostname;
  client_.pipelining = options.pipelining;
  client_.chunking = options.chunking;
}

awaitable<bool> Giver::open(std::optional<IpAddress> source) {
  auto stream = co_await net::connect_tcp(thread_, options_.server, source, options_.patience);
  if (!stream) {
    fail(stream.error().text());
    co_return false;
  }
  const bool implicit = options_.tls == TlsWish::Implicit;
  connection_ = std::make_unique<deliver::Connection>(std::move(*stream), client_, implicit,
                                                      options_.server.text(), open_);
  bool good = true;
  if (implicit) good = co_await secure();
  if (good) good = co_await reach_ready();
  if (good) {
    ++result.connections;
  } else {
    connection_.reset();
  }
  co_return good;
}

awaitable<bool> Giver::reach_ready() {
  smtp::ClientSession& session = connection_->session();
  for (;;) {
    const smtp::ClientEvent event = co_await connection_->advance();
    if (std::holds_alternative<smtp::Ready>(event)) {
      if (options_.tls != TlsWish::StartTls || session.secure()) co_return true;
      if (!session.extensions().starttls) {
        fail("the server does not offer STARTTLS");
        co_return false;
      }
      session.start_tls();
    } else if (std::holds_alternative<smtp::TlsReady>(event)) {
      const bool secured = co_await secure();
      if (!secured) co_return false;
      session.tls_established();
    } else {
      const auto* broken = std::get_if<smtp::Broken>(&event);
      fail(broken != nullptr ? words_of(*broken) : "the server refused STARTTLS");
      co_return false;
    }
  }
}

awaitable<bool> Giver::secure() {
  trust::Verdict verdict;
  verdict.level = options_.verify ? trust::Level::Verify : trust::Level::Encrypt;
  verdict.names = {options_.host};
  tls::Resumption place;
  if (load_.sessions) place = {load_.sessions, "bench"};
  const Result<TlsFacts> facts = co_await connection_->stream().connect_tls(
      load_.context, options_.host, verdict, options_.patience, std::move(place), std::nullopt);
  if (!facts) {
    fail("TLS: " + facts.error().text());
    co_return false;
  }
  if (facts->resumed) ++result.resumed;
  co_return true;
}

bool Giver::can_send() const {
  if (!connection_ || connection_->broken) return false;
  const auto most = connection_->session().extensions().max_messages;
  if (most > 0 && connection_->messages >= most) return false;
  return options_.per_connection == 0 || connection_->messages < options_.per_connection;
}

Address Giver::recipient(std::uint64_t number, std::size_t index) const {
  Address address = to_;
  std::uint64_t turn = number * options_.recipients + index;
  if (options_.domains > 0) {
    address.domain = fmt::format("{}.{}", turn % options_.domains, to_.domain);
    turn /= options_.domains;
  }
  const std::size_t users = std::max(options_.users, options_.recipients);
  if (users > 1) address.local_part = fmt::format("{}.{}", turn % users, to_.local_part);
  return address;
}

smtp::Transaction Giver::transaction(std::uint64_t number) const {
  smtp::Transaction transaction;
  transaction.mail.reverse_path = from_;
  transaction.recipients.reserve(options_.recipients);
  for (std::size_t i = 0; i < options_.recipients; ++i)
    transaction.recipients.push_back({.forward_path = recipient(number, i)});
  return transaction;
}

awaitable<bool> Giver::give_content(std::uint64_t number) {
  const Label label{load_.run, number, lines_for(options_.sizes.of(number))};
  smtp::ClientSession& session = connection_->session();
  const std::string header = make_header(label, options_.from, options_.to);
  session.body(header);
  content_ = header.size();
  std::uint64_t at = 0;
  for (auto piece = text_from(label, at); !piece.empty(); piece = text_from(label, at)) {
    if (session.output().size() >= piece_size) {
      const Result<void> sent = co_await connection_->flush();
      if (!sent) co_return false;
    }
    session.body(piece);
    at += piece.size();
    content_ += piece.size();
  }
  session.body_end();
  co_return true;
}

awaitable<void> Giver::send(std::uint64_t number, std::optional<Steady> due) {
  const Steady begun = due.value_or(steady_now());
  ++connection_->messages;
  connection_->session().send(transaction(number));
  for (;;) {
    const smtp::ClientEvent event = co_await connection_->advance();
    if (std::holds_alternative<smtp::BodyWanted>(event)) {
      co_await give_content(number);
    } else if (const auto* done = std::get_if<smtp::Done>(&event)) {
      take_results(*done);
      note_latency(begun);
      co_return;
    } else if (const auto* broken = std::get_if<smtp::Broken>(&event)) {
      co_return fail(words_of(*broken));
    }
  }
}

void Giver::take_results(const smtp::Done& done) {
  std::size_t taken = 0;
  for (const auto& each : done.results) {
    if (each.reply.positive()) {
      ++taken;
    } else {
      ++result.refused;
      if (result.first_error.empty()) result.first_error = printable(each.reply.line());
    }
  }
  if (taken == 0) return;
  ++result.messages;
  result.recipients += taken;
  result.bytes += content_;
}

awaitable<void> Giver::close() {
  if (!connection_) co_return;
  co_await connection_->quit();
  connection_.reset();
}

awaitable<void> Giver::greet(std::optional<Steady> due) {
  const Steady begun = due.value_or(steady_now());
  const bool opened = co_await open(std::nullopt);
  if (!opened) co_return;
  co_await close();
  note_latency(begun);
}

void Giver::note_latency(Steady since) {
  result.latencies.push_back(
      std::chrono::duration<float, std::milli>(steady_now() - since).count());
}

void Giver::fail(const std::string& why) {
  ++result.unanswered;
  if (result.first_error.empty()) result.first_error = printable(why);
}

}  // namespace outrider::bench
