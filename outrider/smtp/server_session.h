// The server's side of one SMTP conversation, without socket, clock or policy: bytes in, events
// and bytes out. RFC 5321 whole, with PIPELINING (2920), SIZE (1870), 8BITMIME (6152), SMTPUTF8
// (6531), CHUNKING and BINARYMIME (3030), ENHANCEDSTATUSCODES (2034), DSN (3461), LIMITS (9422)
// and STARTTLS (3207).
//
// The caller owns the connection and takes the decisions; the order of commands, their grammar
// and the framing of the body are decided here, and nowhere else.
//
//     for (;;) {
//       Event event = session.next();
//       … NeedInput: send take_output(), then read into prepare(), then received(n)
//       … Sender, Recipient, MessageEnd, StartTls ask: decide, then answer(reply)
//     }
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outrider/smtp/envelope_command.h"
#include "outrider/smtp/line_ends.h"
#include "outrider/smtp/need_input.h"
#include "outrider/smtp/reply.h"
#include "outrider/smtp/start_tls.h"

namespace outrider::smtp {

struct Sender {  ///< asks. A positive answer opens the transaction
  MailCommand mail;
};
struct Recipient {  ///< asks
  RcptCommand rcpt;
};
struct BodyPart {          ///< content without dot-stuffing; any cut is possible
  std::string_view bytes;  ///< valid until the next call of next()
};
struct MessageEnd {};  ///< asks: a positive answer promises that the message is kept
struct Dropped {};     ///< the transaction ended without a message: forget what was kept of it
/// Asks: a positive answer begins the handshake once the output is sent. With a `token` of the 1997
/// draft (draft-hoffman-smtp-ssl §5) the handshake is limited to that version, and commands may
/// still come before it: see awaits_tls().
struct StartTls {
  std::string_view token;  ///< `TLS1.2`, as it was listed; valid until the next call of next()
};
struct Verify {           ///< asks: VRFY, where the listener answers it (RFC 5321 §3.5.1)
  std::string_view text;  ///< a user's name or a mailbox; valid until the next call of next()
};
struct Expand {           ///< asks: EXPN, where the listener answers it
  std::string_view text;  ///< the name of a list; valid until the next call of next()
};
/// The session refused something by itself; for the log. `what` is bounded and printable, valid
/// until the next call of next().
struct Refused {
  std::string_view what;
  Reply reply;
};
struct Close {  ///< send the output and end the connection
  std::string_view why;
};
using Event = std::variant<NeedInput, Sender, Recipient, BodyPart, MessageEnd, Dropped, StartTls,
                           Verify, Expand, Refused, Close>;

struct ServerLimits {
  std::size_t command_line = 2048;  ///< bytes with CRLF; RFC 5321 §4.5.3.1.4 asks for at least 512
  std::size_t recipients = 1000;    ///< a transaction; RFC 5321 §4.5.3.1.8 asks for at least 100
  std::uint64_t message_size = 50 << 20;  ///< bytes of content; announced by SIZE
  std::size_t errors = 20;  ///< refused commands since the last accepted message, before 421
  std::size_t idle_commands = 100;  ///< commands without an accepted message before 421
  std::size_t transactions = 1000;  ///< messages a connection (LIMITS MAILMAX, RFC 9422)
};

struct ServerOptions {
  std::string hostname;         ///< in the greeting and in replies
  std::string greeting;         ///< text behind the host name; `ESMTP` is always there
  bool lmtp = false;            ///< LHLO, one reply per recipient (RFC 2033)
  bool offer_starttls = false;  ///< a certificate is there
  StartTlsForm start_tls_form = StartTlsForm::Rfc3207;
  std::vector<std::string> tls_tokens;  ///< versions the draft lists: `TLS1.2`, `TLS1.3`
  bool require_tls = false;             ///< 530 to all but NOOP, EHLO, STARTTLS, QUIT (RFC 3207 §4)
  bool offer_smtputf8 = true;
  bool offer_chunking = true;
  bool offer_require_tls = false;  ///< REQUIRETLS, inside TLS (RFC 8689): whoever takes it keeps it
  bool answer_vrfy = false;        ///< else 252: who exists is told to nobody (RFC 5321 §7.3)
  bool answer_expn = false;        ///< else 502
  bool heritage = false;           ///< SEND, SOML and SAML are served (RFC 788 §4.1.1)
  LineEnds line_ends = LineEnds::Strict;
  ServerLimits limits;
};

class ServerSession {
 public:
  /// `options` outlives the session: one of them serves all connections of a listener.
  /// `secure`: the connection began with TLS.
  explicit ServerSession(const ServerOptions& options, bool secure = false);
  ~ServerSession();
  ServerSession(ServerSession&&) noexcept;
  ServerSession& operator=(ServerSession&&) noexcept;

  /// Room for a read; never empty after next() said NeedInput.
  std::span<char> prepare();
  void received(std::size_t n);

  Event next();
  /// Exactly one for each event that asks. For MessageEnd under LMTP: one per accepted recipient.
  void answer(const Reply& reply);

  /// After StartTls was answered with 220 and the handshake is done: everything learned before it
  /// is forgotten (RFC 3207 §4.2).
  void tls_established();

  /// The 220 of the 1997 draft was given, no TLS has begun and no line has: the first byte tells
  /// what comes, a handshake if is_tls_byte(), which is not for the session, or else a command.
  bool awaits_tls() const;
  /// One line is to be given at a time: behind it a handshake of the draft may begin.
  bool takes_lines() const;

  /// What TLS came to is too little: from now on 554 5.7.0 to all but QUIT (RFC 3207 §4.1).
  void lacks_security();

  /// Ends the session from our side at the next next(): `421`, shutting down, idle too long.
  void close(const Reply& reply);

  /// How long the peer may take for what is expected of it now (RFC 5321 §4.5.3.2).
  std::chrono::seconds patience() const;

  /// Bytes for the peer. Valid until output_sent().
  std::string_view output() const;
  void output_sent();

  std::string_view helo() const;  ///< the name in EHLO or HELO; empty before it
  bool extended() const;          ///< EHLO, not HELO
  bool secure() const;
  bool waiting_for_body() const;  ///< within DATA or BDAT

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The first byte of a TLS record, or of a hello in the form of SSL 2; no command begins so.
constexpr bool is_tls_byte(char byte) {
  return byte == 0x16 || (static_cast<unsigned char>(byte) & 0x80) != 0;
}

}  // namespace outrider::smtp
