// One client's connection: moves bytes between stream and protocol, and asks the transaction what
// to answer. It lives on one I/O thread. What the protocol demands is decided in
// smtp::ServerSession, what is kept in Transaction.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/net/listener.h"
#include "outrider/net/stream.h"
#include "outrider/receive/client.h"
#include "outrider/receive/client_counts.h"
#include "outrider/receive/reception.h"
#include "outrider/receive/transaction.h"
#include "outrider/smtp/server_session.h"

namespace outrider::receive {

class Connection {
 public:
  /// `listener` is one of `options`. On the thread of `accepted`, whose socket it takes over.
  Connection(std::shared_ptr<Reception> reception, std::shared_ptr<const Options> options,
             const ListenerOptions& listener, const net::Accepted& accepted);
  ~Connection();
  Connection(const Connection&) = delete;

  /// The whole life of it. Shared, because leave() goes beside it.
  static awaitable<void> run(std::shared_ptr<Connection> self);

  /// For a drain, on its thread: a client that is between messages hears 421 now.
  static void leave(std::shared_ptr<Connection> self);
  /// At once, whatever it is doing.
  void cut();
  /// For leave(): while it runs.
  std::shared_ptr<Connection> share() const { return self_.lock(); }

 private:
  awaitable<bool> enter();
  awaitable<void> turn_away(std::string_view setting);
  awaitable<void> converse();
  awaitable<bool> more_input();
  awaitable<Result<std::size_t>> read(std::chrono::seconds left);
  awaitable<bool> flush();
  awaitable<void> finish_message();
  awaitable<bool> start_tls(std::string token);
  awaitable<bool> secure(std::optional<tls::Version> only);
  awaitable<bool> tls_begins(std::chrono::seconds left);
  void know_client();
  awaitable<Result<std::size_t>> read_line(std::chrono::seconds left);
  bool needs_look_up(const smtp::RcptCommand& rcpt) const;
  awaitable<void> look_up_recipient(smtp::RcptCommand rcpt);
  bool settle(const smtp::Event& event);
  void answer_inquiry(smtp::Reply reply, std::string_view verb, std::string_view text);
  void answer_sender(const smtp::MailCommand& mail);
  void answer_recipient(const smtp::RcptCommand& rcpt, LookedUp found);
  awaitable<void> say_goodbye(std::shared_ptr<Connection> self);

  std::chrono::seconds time_left() const;
  void time_is_over();
  mail::Origin origin(bool smtputf8) const;
  void log_refused(std::string_view command, const smtp::Reply& reply);
  void log_connect() const;
  void log_disconnect() const;

  std::shared_ptr<Reception> reception_;
  std::shared_ptr<const Options> options_;
  const ListenerOptions& listener_;
  net::Stream stream_;
  ThreadConnections& neighbours_;
  Client client_;
  std::optional<ClientCounts::Place> place_;
  std::optional<smtp::ServerSession> session_;
  std::unique_ptr<Transaction> transaction_;  ///< from MAIL to its answer: it is large
  std::weak_ptr<Connection> self_;

  Steady begun_;
  Steady expected_since_;  ///< of the bytes that are waited for: a limit counts per command
  std::string why_;        ///< of the end, for the log
  std::optional<tls::Version> only_;  ///< that the draft's STARTTLS asked for
  std::size_t messages_ = 0;
  std::size_t refusals_ = 0;
  bool entered_ = false;
  bool resting_ = false;  ///< waits for a command outside of a transaction
  bool leaving_ = false;  ///< say_goodbye() has the stream
  bool read_was_full_ = false;
};

}  // namespace outrider::receive
