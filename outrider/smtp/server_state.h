// What a ServerSession knows, and the functions that change it. Within this module only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/input.h"
#include "outrider/smtp/body_reader.h"
#include "outrider/smtp/order.h"
#include "outrider/smtp/parameters.h"
#include "outrider/smtp/server_session.h"

namespace outrider::smtp {

enum class Argument { None, Optional, Needed };

/// A command by its name.
struct Word {
  std::string_view text;
  Verb verb;
  Argument argument;
  std::string_view usage;  ///< for HELP
  Way way = Way::Mail;     ///< of what begins a transaction
};

struct ServerSession::State {
  State(const ServerOptions& options, bool secure) : options(options), secure(secure) {}

  enum class Mode { Commands, Data, Chunk, SkippedChunk, Handshake, Closed };
  enum class Question { None, Sender, Recipient, MessageEnd, StartTls, Inquiry };

  // server_session.cc
  Event next();
  std::optional<Event> waiting_event();
  std::optional<Event> next_command();
  Event ask(Question asked, Event event);
  void say(const FixedReply& reply);
  void say(const Reply& reply);
  void refuse(std::string_view what, const Reply& reply);
  void close(const Reply& reply, std::string_view why);
  void forget_transaction();

  // server_commands.cc
  std::optional<Event> run_command(std::string_view line);
  std::optional<Event> on_unknown(std::string_view line);
  std::optional<Event> on_hello(std::string_view verb, std::string_view name);
  std::optional<Event> on_mail(Way way, std::string_view arguments);
  std::optional<Event> on_rcpt(std::string_view arguments);
  std::optional<Event> on_data();
  std::optional<Event> on_bdat(std::string_view arguments);
  std::optional<Event> on_vrfy(std::string_view argument);
  std::optional<Event> on_expn(std::string_view argument);
  bool serves(const Word& word) const;
  std::optional<Event> on_help(std::string_view argument);
  std::string extensions() const;
  Offered offered() const;

  // server_tls.cc
  std::optional<Event> on_start_tls(std::string_view argument);
  const FixedReply* start_tls_refusal(std::string_view argument) const;
  const FixedReply* insecure(Verb verb, std::string_view word) const;
  std::string tls_extensions() const;

  // server_content.cc
  std::optional<Event> read_data();
  std::optional<Event> read_chunk();
  std::optional<Event> skip_chunk();
  std::optional<Event> content(const BodyReader::Part& part);
  std::optional<Event> end_of_chunk();
  std::optional<Event> end_of_message();
  void refuse_message(const FixedReply& reply);
  void begin_content(BodyReader::Framing framing);

  const ServerOptions& options;
  bool secure;
  bool lacks_security = false;
  bool awaits_tls = false;  ///< behind the 220 of the 1997 draft
  std::string tls_token;
  std::string inquiry;  ///< what VRFY or EXPN asks about
  bool extended = false;
  std::string helo;

  Input input;
  std::string output;
  Mode mode = Mode::Commands;
  Phase phase = Phase::Greeting;
  Question question = Question::None;

  // the transaction
  Body body = Body::SevenBit;
  bool smtputf8 = false;
  std::size_t recipients = 0;
  std::size_t excess_recipients = 0;  ///< refused because there were too many
  std::size_t answers_left = 0;       ///< to MessageEnd: one, or one a recipient under LMTP
  BodyReader reader{BodyReader::Framing::Dots, LineEnds::Strict};
  std::uint64_t content_size = 0;
  std::uint64_t chunk_left = 0;
  bool chunk_is_last = false;
  const FixedReply* skipped_because = nullptr;

  // counts for the limits
  std::size_t errors = 0;
  std::size_t idle_commands = 0;
  std::size_t transactions = 0;
  bool data_was_refused = false;  ///< what comes next may be content, not commands

  // events that wait to be told
  std::string refused_what;
  std::optional<Reply> refused;
  bool dropped = false;
  std::string_view why_closed;
};

}  // namespace outrider::smtp
