// The inside of ClientSession: what was said, what is answered, and what that means. Private to
// the client_*.cc files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "outrider/base/input.h"
#include "outrider/smtp/client_commands.h"
#include "outrider/smtp/client_session.h"
#include "outrider/smtp/content_writer.h"
#include "outrider/smtp/reply_parser.h"

namespace outrider::smtp {

struct ClientSession::State {
  State(const ClientOptions& options, bool secure);

  /// Something that was or will be said and has one reply.
  struct Step {
    enum class Kind { Greeting, Ehlo, Helo, StartTls, Reset, Mail, Rcpt, Data, Chunk, End, Quit };
    Kind kind;
    std::size_t recipient = 0;  ///< of Rcpt, and of End under LMTP
  };
  using Kind = Step::Kind;
  enum class Mode { Talk, Body, Idle, Handshake, Ended };

  // client_session.cc
  ClientEvent next();
  ClientEvent lost();  ///< the connection has ended
  void say(Kind kind);
  void pump();
  std::string_view phase() const;
  ClientEvent stop(std::string why, Reply reply = {});
  bool may_speak();  ///< idle, and the server has said nothing that we did not ask for

  // client_replies.cc: each returns an event where the reply causes one.
  using Outcome = std::optional<ClientEvent>;
  Outcome on_reply(Reply reply);
  Outcome on_greeting(Reply reply);
  Outcome on_hello(Kind kind, Reply reply);
  Outcome on_start_tls(Reply reply);
  Outcome on_reset(const Reply& reply);
  Outcome on_mail(Reply reply);
  Outcome on_rcpt(std::size_t recipient, Reply reply);
  Outcome on_data(Reply reply);
  Outcome on_chunk(Reply reply);
  Outcome on_end(std::size_t recipient, Reply reply);
  ClientEvent unasked();  ///< bytes came and no reply is awaited
  ClientEvent out_of_order(const Reply& reply);

  // client_transaction.cc
  void begin(Transaction transaction);
  void write(const Step& step);
  ClientEvent settle();  ///< all that was said is answered: what now?
  ClientEvent finish();
  void answer_accepted(const Reply& reply, bool local);
  void take_body(std::string_view content);
  void end_body();
  void write_end();
  void spoil();

  const ClientOptions* options;
  bool secure;
  Mode mode = Mode::Talk;
  Input input;
  ReplyParser parser;
  std::string out;
  std::vector<Step> steps{Step{Kind::Greeting, 0}};
  std::size_t sent = 1;
  std::size_t answered = 0;
  bool closed = false;
  std::optional<Broken> broken;
  Extensions offered;
  std::string greeting;
  std::vector<std::string> tls_tokens;  ///< to be asked for, the next one first
  Reply refused_hello;                  ///< what EHLO was answered before HELO was tried

  Transaction transaction;
  Manner manner;
  std::vector<RecipientResult> results;
  std::vector<std::size_t> accepted;  ///< recipients that wait for the end of the content
  bool transacting = false;
  bool mail_refused = false;
  bool server_holds = false;  ///< it has a transaction open that must be reset before the next
  bool go_ahead = false;      ///< 354 was seen
  bool chunk_refused = false;
  bool ended = false;  ///< the end of the content was written
  bool in_doubt = false;
  bool finished_locally = false;
  ContentWriter writer;
  std::size_t last_chunk = std::string::npos;  ///< where the size of the last BDAT ends in `out`
};

}  // namespace outrider::smtp
