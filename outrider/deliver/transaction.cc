#include "outrider/deliver/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "outrider/base/text.h"
#include "outrider/mail/header_scanner.h"
#include "outrider/mail/source_route.h"

namespace outrider::deliver {
namespace {

using Recipients = std::vector<std::uint32_t>;

// So much content is given to the session and the socket at a time.
constexpr std::size_t piece_size = 64 * 1024;

smtp::Notify notify_of(std::uint8_t bits) {
  return {.never = (bits & mail::notify_never) != 0,
          .success = (bits & mail::notify_success) != 0,
          .failure = (bits & mail::notify_failure) != 0,
          .delay = (bits & mail::notify_delay) != 0};
}

smtp::Body body_of(mail::BodyType type) {
  switch (type) {
    case mail::BodyType::SevenBit: return smtp::Body::SevenBit;
    case mail::BodyType::EightBitMime: return smtp::Body::EightBitMime;
    case mail::BodyType::BinaryMime: return smtp::Body::BinaryMime;
  }
  return smtp::Body::SevenBit;
}

smtp::Ret ret_of(mail::Return ret) {
  switch (ret) {
    case mail::Return::Unset: return smtp::Ret::Unset;
    case mail::Return::Full: return smtp::Ret::Full;
    case mail::Return::Headers: return smtp::Ret::Headers;
  }
  return smtp::Ret::Unset;
}

smtp::Transaction transaction_of(const mail::Envelope& envelope, const Recipients& recipients,
                                 const Connection& connection) {
  const smtp::ClientOptions& client = connection.session().options();
  smtp::Transaction transaction;
  transaction.mail.reverse_path = envelope.reverse_path;
  transaction.mail.size = envelope.size;
  transaction.mail.body = body_of(envelope.body);
  transaction.mail.smtputf8 = envelope.smtputf8;
  // RFC 8689 §4.4: by a local socket the message does not leave this machine, as into a Maildir.
  transaction.mail.require_tls = envelope.require_tls && !connection.footing.is_local();
  transaction.mail.ret = ret_of(envelope.ret);
  transaction.mail.envid = envelope.envid;
  // RFC 788 §3.6: the relay puts itself on the reverse-path. A mailbox is the end of the way.
  if (envelope.routed && !client.lmtp)
    transaction.mail.route = mail::extended(client.hostname, envelope.reverse_route);
  transaction.has_eight_bit = envelope.has_eight_bit;
  transaction.recipients.reserve(recipients.size());
  for (const auto index : recipients) {
    const mail::Recipient& recipient = envelope.recipients[index];
    transaction.recipients.push_back({.forward_path = recipient.address,
                                      .notify = notify_of(recipient.notify),
                                      .orcpt = recipient.orcpt,
                                      .route = recipient.route});
  }
  return transaction;
}

// RFC 6531 §3.4: SMTPUTF8 is needed where the header has such text. Who declared it without need
// is not punished for it at a next hop that lacks it.
awaitable<Result<bool>> header_has_utf8(queue::Claim& claim) {
  mail::HeaderScanner scanner(0);
  while (!scanner.in_body() && !scanner.header_has_eight_bit()) {
    const Result<std::string_view> piece = co_await claim.read();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    scanner.scan(*piece);
  }
  claim.rewind();
  co_return scanner.header_has_eight_bit();
}

// The last piece leaves with the end behind it: one write, and for BDAT one reply less.
awaitable<Result<void>> send_content(Connection& connection, queue::Claim& claim) {
  smtp::ClientSession& session = connection.session();
  for (;;) {
    const Result<std::string_view> content = co_await claim.read();
    if (!content) {
      connection.broken = true;  // without an end the server keeps nothing of it
      co_return std::unexpected(content.error());
    }
    if (content->empty()) break;
    std::string_view rest = *content;
    while (!rest.empty()) {
      if (session.output().size() >= piece_size) {
        Result<void> sent = co_await connection.flush();
        if (!sent) co_return Result<void>{};  // advance() tells what the server said to it
      }
      session.body(rest.substr(0, piece_size));
      rest.remove_prefix(std::min(piece_size, rest.size()));
    }
  }
  session.body_end();
  co_return Result<void>{};
}

// What the recipients without an answer are told when the conversation ended too early.
smtp::Reply words_for(const smtp::Broken& broken, const Connection& connection, bool& ours) {
  ours = !broken.reply.transient();
  if (!ours) return broken.reply;
  return {450, "4.4.2",
          fmt::format("lost the connection with {}: {}", connection.remote(),
                      printable(broken.why, 400))};
}

class Run {
 public:
  Run(Connection& connection, queue::Claim& claim, Recipients recipients)
      : connection_(connection), claim_(claim), recipients_(std::move(recipients)) {}

  awaitable<void> run();
  void take(const std::vector<smtp::RecipientResult>& results);
  void end(const smtp::Broken& broken);

  TransactionResult result;

 private:
  void fail_here(const Error& error);

  Connection& connection_;
  queue::Claim& claim_;
  Recipients recipients_;
  bool content_sent_ = false;
};

awaitable<void> Run::run() {
  smtp::ClientSession& session = connection_.session();
  const mail::Envelope& envelope = claim_.envelope();
  smtp::Transaction transaction = transaction_of(envelope, recipients_, connection_);
  if (envelope.smtputf8) {
    const Result<bool> needed = co_await header_has_utf8(claim_);
    if (!needed) co_return fail_here(needed.error());
    transaction.needs_smtputf8 = *needed;
  }
  ++connection_.messages;
  session.send(std::move(transaction));
  for (;;) {
    const smtp::ClientEvent event = co_await connection_.advance();
    if (std::holds_alternative<smtp::BodyWanted>(event)) {
      content_sent_ = true;
      const Result<void> sent = co_await send_content(connection_, claim_);
      if (!sent) co_return fail_here(sent.error());
    } else if (const auto* done = std::get_if<smtp::Done>(&event)) {
      co_return take(done->results);
    } else if (const auto* broken = std::get_if<smtp::Broken>(&event)) {
      co_return end(*broken);
    } else if (!std::holds_alternative<smtp::Ready>(event)) {
      connection_.broken = true;
      const smtp::Broken confused{.reply = {}, .why = "the conversation is out of step"};
      co_return end(confused);
    }
  }
}

// No words at all: more recipients than this server takes at a time (RFC 5321 §4.5.3.1.10). They
// are due again at once, as are those it counted itself, as long as others were accepted.
void Run::take(const std::vector<smtp::RecipientResult>& results) {
  const bool some_taken =
      std::ranges::any_of(results, [](const auto& each) { return each.reply.code / 100 == 2; });
  for (std::size_t i = 0; i < results.size() && i < recipients_.size(); ++i) {
    const smtp::Reply& reply = results[i].reply;
    if (reply.code == 0) continue;
    if (some_taken && reply.code == 452 && (reply.status.empty() || reply.status == "4.5.3")) {
      continue;
    }
    result.attempt.said.push_back({recipients_[i], reply, results[i].local, false});
  }
}

void Run::end(const smtp::Broken& broken) {
  const smtp::ClientSession& session = connection_.session();
  result.refused = true;
  result.attempt.in_doubt = session.in_doubt();
  result.stale = connection_.messages > 1 && !content_sent_;
  bool ours = false;
  const smtp::Reply words = words_for(broken, connection_, ours);
  const auto& results = session.results();
  for (std::size_t i = 0; i < recipients_.size(); ++i) {
    if (i < results.size() && results[i].reply.code != 0) {
      const auto& known = results[i];
      result.attempt.said.push_back({recipients_[i], known.reply, known.local, false});
    } else {
      result.attempt.said.push_back({recipients_[i], words, ours, true});
    }
  }
}

void Run::fail_here(const Error& error) {
  const smtp::Reply reply(451, "4.3.0", "the content cannot be read: " + error.text());
  result.attempt.say(recipients_, reply, true);
}

}  // namespace

awaitable<TransactionResult> transact(Connection& connection, queue::Claim& claim,
                                      std::vector<std::uint32_t> recipients) {
  Run run(connection, claim, std::move(recipients));
  Attempt& attempt = run.result.attempt;
  attempt.relay = attempt.remote = connection.remote();
  attempt.tls = connection.tls;
  attempt.level = trust::name(connection.level);
  attempt.rule = connection.rule;
  co_await run.run();
  const bool dsn = connection.session().extensions().dsn;
  attempt.peer_notifies = dsn;
  attempt.here = connection.session().options().lmtp && !dsn;
  connection.used = steady_now();
  co_return std::move(run.result);
}

}  // namespace outrider::deliver
