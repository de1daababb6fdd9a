// The client's side of one SMTP or LMTP conversation, without socket or clock: replies in,
// commands and content out, and what became of each recipient, in the server's own words.
// RFC 5321, pipelined as RFC 2920 allows; BDAT (3030) where offered; LMTP (2033).
//
//     for (;;) {
//       Event event = session.next();
//       … NeedInput: write output(), output_sent(), then read into prepare(), received(n)
//       … Ready: start_tls(), send(transaction) or quit()
//       … BodyWanted: body(bytes)… and body_end(), writing output() in between
//     }
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outrider/smtp/envelope_command.h"
#include "outrider/smtp/need_input.h"
#include "outrider/smtp/reply.h"
#include "outrider/smtp/start_tls.h"

namespace outrider::smtp {

/// What the server said in its last EHLO (RFC 5321 §4.1.1.1).
struct Extensions {
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool chunking = false;
  bool binary_mime = false;
  bool dsn = false;
  bool starttls = false;
  bool draft_tls = false;  ///< keyword TLS of draft-hoffman-smtp-ssl-00
  bool size = false;
  bool enhanced_status_codes = false;
  bool require_tls = false;             ///< REQUIRETLS (RFC 8689); said in clear it means nothing
  std::uint64_t max_size = 0;           ///< 0: no limit told
  std::uint64_t max_recipients = 0;     ///< LIMITS RCPTMAX (RFC 9422); 0: not told
  std::uint64_t max_messages = 0;       ///< LIMITS MAILMAX; 0: not told
  std::vector<std::string> tls_tokens;  ///< of draft_tls, as given: `TLS1.2`; bounded
  std::vector<std::string> lines;       ///< as given, bounded and printable

  bool operator==(const Extensions&) const = default;
};

struct Transaction {
  MailCommand mail;
  std::vector<RcptCommand> recipients;
  bool has_eight_bit = false;   ///< content has bytes above 127
  bool needs_smtputf8 = false;  ///< an address or a header field is beyond ASCII (RFC 6531 §3.4)
};

/// What became of one recipient. `reply` is the server's, or ours where `local` is set: a message
/// that the server cannot take as it is (RFC 6152 §3, RFC 6531 §3.4), or a lost connection.
struct RecipientResult {
  Reply reply;
  bool local = false;
};

struct Ready {};      ///< greeting and EHLO are done (again after TLS), or a transaction has ended
struct TlsReady {     ///< 220 to STARTTLS: begin the handshake now
  std::string token;  ///< what was asked for: no other version is to be negotiated; or empty
};
struct TlsRefused {  ///< the server offered STARTTLS and then refused it
  Reply reply;
};
struct BodyWanted {};  ///< at least one recipient was accepted: give the content
struct Done {          ///< the transaction is over: one result a recipient, in the order given
  std::vector<RecipientResult> results;
};
/// The conversation cannot go on. Recipients without a result have none: the mail stays here.
struct Broken {
  Reply reply;      ///< the server's words (a 421, a refused EHLO), or code 0
  std::string why;  ///< ours: `reply line longer than 2048 bytes`
};
struct Ended {};  ///< after quit(): the server said 221
using ClientEvent =
    std::variant<NeedInput, Ready, TlsReady, TlsRefused, BodyWanted, Done, Broken, Ended>;

struct ClientOptions {
  std::string hostname;             ///< our name in EHLO
  bool lmtp = false;                ///< LHLO, one reply per recipient after the content
  bool chunking = true;             ///< use BDAT where offered
  bool pipelining = true;           ///< use it where offered
  std::size_t reply_line = 2048;    ///< bytes; RFC 5321 §4.5.3.1.5 asks for 512
  std::size_t reply_total = 65536;  ///< bytes of one reply
};

class ClientSession {
 public:
  /// `options` outlives the session. `secure`: the connection began with TLS.
  explicit ClientSession(const ClientOptions& options, bool secure = false);
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  std::span<char> prepare();
  void received(std::size_t n);
  void peer_closed();  ///< the connection ended: next() says Broken, with what was open

  ClientEvent next();

  void start_tls();  ///< in Ready, where extensions().starttls and not yet secure
  /// The same where extensions().draft_tls: `STARTTLS token`, and the next one after each 504.
  /// `tokens`: at least one (see tokens_to_ask).
  void start_tls(std::vector<std::string> tokens);
  void tls_established();  ///< forgets all, and says EHLO again (RFC 3207 §4.2)
  /// The handshake is done and came to too little: forgets all, and says QUIT (RFC 3207 §4.1).
  void tls_too_weak();
  /// In Ready. A message that this server cannot take is answered by Done at once, locally.
  void send(Transaction transaction);
  void body(std::string_view content);  ///< after BodyWanted; encoded into output()
  void body_end();
  void reset();  ///< RSET, for a connection that was idle
  void quit();

  std::string_view output() const;
  void output_sent();

  std::chrono::seconds patience() const;  ///< RFC 5321 §4.5.3.2
  const ClientOptions& options() const;
  const Extensions& extensions() const;
  bool secure() const;
  std::string_view greeting() const;  ///< text of the 220, bounded and printable
  std::string_view phase() const;     ///< `greeting`, `EHLO`, `MAIL`, …: for errors and the log
  /// The results so far of a transaction that broke: empty reply code where there is none yet.
  const std::vector<RecipientResult>& results() const;
  /// The final dot was sent and not answered: the server may have the message.
  bool in_doubt() const;

 private:
  struct State;
  void begin_inside(bool stays);

  std::unique_ptr<State> state_;
};

}  // namespace outrider::smtp
