// A client that plays bytes into a smtp::ServerSession, and what came of it: for tests.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/smtp/server_session.h"

namespace outrider::test {

/// How the client's bytes arrive.
struct Cut {
  enum class Kind { Whole, Lines, Bytes, At } kind = Kind::Whole;
  std::size_t at = 0;

  /// How many of the bytes that wait at `offset` come at once.
  std::size_t next(std::string_view waiting, std::size_t offset) const;
  std::string text() const;
};
inline constexpr Cut whole{Cut::Kind::Whole, 0};
inline constexpr Cut by_line{Cut::Kind::Lines, 0};
inline constexpr Cut by_byte{Cut::Kind::Bytes, 0};
constexpr Cut cut_at(std::size_t offset) { return {Cut::Kind::At, offset}; }

/// Small sessions of one listener, as most tests want it.
smtp::ServerOptions mx_options();

/// The same with the 1997 draft's form of STARTTLS.
smtp::ServerOptions draft_options(smtp::StartTlsForm form = smtp::StartTlsForm::DraftHoffman);

class Dialogue {
 public:
  struct Message {
    std::string reverse_path;
    std::vector<std::string> recipients;
    std::string content;
    bool operator==(const Message&) const = default;
  };

  explicit Dialogue(smtp::ServerOptions options = mx_options(), bool secure = false);

  /// The client says these bytes; the replies they led to. What follows an accepted STARTTLS goes
  /// to the handshake, and so is not for the session: it is counted in unheard().
  std::string says(std::string_view bytes, Cut cut = by_line);
  /// As the codes of the replies, one for each: `250 354`.
  std::string codes(std::string_view bytes, Cut cut = by_line);
  void tls();  ///< the handshake is done

  /// EHLO (LHLO), MAIL, RCPT.
  void open(std::string_view recipient = "b@example.net");

  /// How the program answers; unset: positively.
  std::function<smtp::Reply(const smtp::MailCommand&)> on_sender;
  std::function<smtp::Reply(const smtp::RcptCommand&)> on_recipient;
  std::function<smtp::Reply(std::string_view)> on_inquiry;  ///< VRFY and EXPN; unset: 252
  std::vector<smtp::Reply> at_end;                          ///< the next answers to MessageEnd
  bool tls_works = true;

  const std::string& replies() const { return replies_; }  ///< all since the beginning
  const std::vector<Message>& messages() const { return messages_; }
  const std::vector<smtp::MailCommand>& senders() const { return senders_; }
  const std::vector<smtp::RcptCommand>& recipients() const { return recipients_; }
  const std::vector<std::string>& refused() const { return refused_; }
  std::size_t dropped() const { return dropped_; }
  std::size_t unheard() const { return unheard_; }
  bool handshaking() const { return handshaking_; }
  const std::string& tls_token() const { return token_; }  ///< of the last STARTTLS
  bool closed() const { return !why_.empty(); }
  const std::string& why_closed() const { return why_; }
  smtp::ServerSession& session() { return session_; }

 private:
  void run();
  void hear(const smtp::Sender& event);
  void hear(const smtp::Recipient& event);
  void hear(const smtp::BodyPart& event);
  void hear(const smtp::MessageEnd&);
  void hear(const smtp::Dropped&);
  void hear(const smtp::StartTls&);
  void hear(const smtp::Verify& event) { inquire(event.text); }
  void hear(const smtp::Expand& event) { inquire(event.text); }
  void hear(const smtp::Refused& event);
  void hear(const smtp::Close& event);
  void hear(const smtp::NeedInput&) {}
  void inquire(std::string_view text);
  void forget();

  std::unique_ptr<const smtp::ServerOptions> options_;
  smtp::ServerSession session_;
  Message open_;
  std::string replies_;
  std::vector<Message> messages_;
  std::vector<smtp::MailCommand> senders_;
  std::vector<smtp::RcptCommand> recipients_;
  std::vector<std::string> refused_;
  std::string why_;
  std::string token_;
  std::size_t dropped_ = 0;
  std::size_t unheard_ = 0;
  bool handshaking_ = false;
};

/// The codes of complete replies: `250-a\r\n250 b\r\n354 c\r\n` is `250 354`.
std::string codes_of(std::string_view replies);

}  // namespace outrider::test
