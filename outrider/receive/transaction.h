// One message from MAIL to its answer: envelope, recipients, content into the queue, verdict. It
// knows no socket. The promise of RFC 5321 §4.2.5 is kept here: a positive answer comes out of
// end() only after the queue's commit() returned a value.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "outrider/mail/envelope.h"
#include "outrider/mail/header_scanner.h"
#include "outrider/mail/notice.h"
#include "outrider/queue/queue.h"
#include "outrider/receive/client.h"
#include "outrider/receive/options.h"
#include "outrider/receive/reception.h"
#include "outrider/receive/terminal_mail.h"
#include "outrider/smtp/envelope_command.h"
#include "outrider/smtp/reply.h"

namespace outrider::receive {

using boost::asio::awaitable;

/// What others said of a recipient.
struct LookedUp {
  trust::Listed listed = trust::Listed::Unknown;
  std::optional<smtp::Reply> refusal;  ///< of a forecast
};

/// All references outlive it. Destroyed before end(), it leaves nothing of the message.
class Transaction {
 public:
  Transaction(Reception& reception, const Options& options, const ListenerOptions& listener,
              const Client& client);

  /// MAIL. `origin` as it is known now; `tls` outlives the transaction, null in clear.
  smtp::Reply sender(const smtp::MailCommand& mail, mail::Origin origin, const TlsFacts* tls);
  /// Whether the answer to RCPT turns on what the DNS says of this server.
  bool needs_listing(const smtp::RcptCommand& rcpt) const;
  bool requires_tls() const { return envelope_.require_tls; }
  /// RCPT: a local user, an alias, or a domain elsewhere for who may relay.
  smtp::Reply recipient(const smtp::RcptCommand& rcpt, LookedUp found = {});
  /// A part of the content. What goes wrong is told by end().
  awaitable<void> content(std::string_view bytes);
  /// The answer to the whole message. Nothing may be asked of the transaction then.
  awaitable<smtp::Reply> end();

  /// Recipients that were answered with 250: as many answers LMTP wants (RFC 2033 §4.2).
  std::size_t accepted() const { return accepted_; }

 private:
  /// For the log line, when the envelope has gone to the queue.
  struct Summary {
    Address from;
    mail::Origin origin;
    std::uint64_t size;
    std::size_t recipients;
  };

  trust::RecipientFacts facts(bool configured) const;
  std::optional<smtp::Reply> refused_partner(const Address& reverse_path,
                                             const TlsFacts* tls) const;
  bool misses_tls(const Address& reverse_path, const TlsFacts* tls);
  /// What is left of a source route that this listener honours (RFC 788 §3.6).
  std::string route_of(const smtp::RcptCommand& rcpt) const;
  bool add(const smtp::RcptCommand& rcpt, Resolution resolution, std::string route);
  void add_one(mail::Recipient recipient);
  awaitable<void> begin();
  awaitable<void> keep(std::string_view bytes);
  awaitable<smtp::Reply> commit();
  awaitable<smtp::Reply> show();
  awaitable<void> tell(mail::NoticeKind kind, std::vector<mail::Recipient> recipients, MessageId id,
                       mail::Envelope envelope);
  void check_header();
  void refuse(smtp::Reply reply);
  void store_failed(const Error& error);
  void log_received(MessageId id, const Summary& received) const;

  Reception& reception_;
  const Options& options_;
  const ListenerOptions& listener_;
  const Client& client_;

  const TlsFacts* tls_ = nullptr;
  std::size_t accepted_ = 0;
  mail::Envelope envelope_;
  std::unordered_multimap<std::size_t, std::size_t> places_;  ///< of many recipients, by hash
  std::optional<TerminalMail> terminal_mail_;                 ///< not of MAIL
  std::vector<mail::Recipient> expanded_;  ///< aliases whose sender wants to hear of success
  Address only_recipient_;                 ///< as the client named it, for the trace field
  std::unique_ptr<queue::Incoming> incoming_;
  std::optional<mail::HeaderScanner> scanner_;
  std::optional<smtp::Reply> verdict_;
  std::uint64_t size_ = 0;
};

}  // namespace outrider::receive
