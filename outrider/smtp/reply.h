// Replies of a server: the table of all fixed ones, how they are written, how they are read.
// RFC 5321 §4.2, enhanced status codes RFC 3463 and RFC 2034.
#pragma once

#include <string>
#include <string_view>

namespace outrider::smtp {

/// A reply whose text never changes. All of them stand in the table below.
struct FixedReply {
  int code;
  std::string_view status;  ///< enhanced status code (RFC 3463); empty where none is allowed
  std::string_view text;
};

/// One answer of a server (RFC 5321 §4.2). A '\n' in the text begins the next line of the reply.
struct Reply {
  Reply() = default;
  Reply(int code, std::string_view status, std::string text)
      : code(code), status(status), text(std::move(text)) {}
  Reply(const FixedReply& fixed) : Reply(fixed.code, fixed.status, std::string(fixed.text)) {}

  bool positive() const { return code >= 200 && code < 400; }
  bool transient() const { return code >= 400 && code < 500; }
  bool permanent() const { return code >= 500; }

  /// With line ends, ready to send; lines past 512 bytes are folded into more lines.
  std::string wire() const;
  /// On one line for logs and notices: `550 5.1.1 unknown user`.
  std::string line() const;

  bool operator==(const Reply&) const = default;

  int code = 0;
  std::string status;
  std::string text;
};

// Every fixed text and code, once. Policy replies of `receive` are in this table too, so that the
// reference page is made of one place.
namespace replies {
inline constexpr FixedReply ok{250, "2.0.0", "ok"};
inline constexpr FixedReply sender_ok{250, "2.1.0", "sender ok"};
inline constexpr FixedReply recipient_ok{250, "2.1.5", "recipient ok"};
inline constexpr FixedReply send_body{354, "", "end with <CRLF>.<CRLF>"};
inline constexpr FixedReply start_tls{220, "2.0.0", "ready to start TLS"};
inline constexpr FixedReply bye{221, "2.0.0", "bye"};
inline constexpr FixedReply shutting_down{421, "4.3.2", "server is shutting down"};
inline constexpr FixedReply idle_too_long{421, "4.4.2", "idle too long"};
inline constexpr FixedReply connection_too_long{421, "4.4.2", "the connection was open too long"};
inline constexpr FixedReply too_many_connections{421, "4.7.0", "too many connections"};
inline constexpr FixedReply too_many_errors{421, "4.7.0", "too many errors"};
inline constexpr FixedReply too_many_commands{421, "4.7.0", "too many commands without a message"};
inline constexpr FixedReply tls_missed{450, "4.7.0",
                                       "mail of this sender came with TLS before, come with it"};
inline constexpr FixedReply no_space{452, "4.3.1", "not enough room in the queue, try later"};
inline constexpr FixedReply cannot_keep{451, "4.3.0", "the message could not be stored, try later"};
inline constexpr FixedReply cannot_verify{252, "2.1.5", "send mail and see"};
inline constexpr FixedReply no_terminal{450, "4.2.1",
                                        "the user is not logged in, or takes no messages"};
inline constexpr FixedReply too_many_messages{452, "4.5.3", "too many messages in one connection"};
inline constexpr FixedReply too_many_recipients{452, "4.5.3", "too many recipients"};
inline constexpr FixedReply no_tls_now{454, "4.7.0", "TLS is not available"};
inline constexpr FixedReply line_too_long{500, "5.5.6", "line too long"};
inline constexpr FixedReply wrong_hello{500, "5.5.1", "say EHLO; LHLO belongs to LMTP"};
inline constexpr FixedReply lhlo_only{500, "5.5.1", "this is LMTP, say LHLO"};
inline constexpr FixedReply unknown_command{500, "5.5.2", "unknown command"};
inline constexpr FixedReply bare_line_end_in_command{500, "5.5.2", "only CRLF ends a line"};
inline constexpr FixedReply bad_sender{501, "5.1.7", "bad reverse-path"};
inline constexpr FixedReply bad_recipient{501, "5.1.3", "bad forward-path"};
inline constexpr FixedReply bad_syntax{501, "5.5.4", "syntax error in argument"};
inline constexpr FixedReply no_such_command{502, "5.5.1", "command is not served"};
inline constexpr FixedReply no_help{504, "5.5.4", "no such command here, say HELP for a list"};
inline constexpr FixedReply no_such_tls{504, "5.5.4", "TLS of this version is not served"};
inline constexpr FixedReply tls_first{530, "5.7.0", "Must issue a STARTTLS command first"};
inline constexpr FixedReply partner_needs_tls{530, "5.7.0",
                                              "mail of this sender is taken with TLS only"};
inline constexpr FixedReply hello_first{503, "5.5.1", "EHLO first"};
inline constexpr FixedReply sender_first{503, "5.5.1", "MAIL first"};
inline constexpr FixedReply recipient_first{503, "5.5.1", "RCPT first"};
inline constexpr FixedReply already_open{503, "5.5.1", "a transaction is open"};
inline constexpr FixedReply chunks_first{503, "5.5.1", "BDAT has begun, end it with LAST"};
inline constexpr FixedReply needs_chunks{503, "5.5.1", "BODY=BINARYMIME needs BDAT"};
inline constexpr FixedReply already_secure{503, "5.5.1", "TLS is active already"};
inline constexpr FixedReply other_protocol{521, "5.5.2", "this is a mail server"};
inline constexpr FixedReply unknown_user{550, "5.1.1", "no such user here"};
inline constexpr FixedReply not_a_list{550, "5.1.1", "that is a user, not a list"};
inline constexpr FixedReply relay_denied{550, "5.7.1", "relaying is not permitted"};
inline constexpr FixedReply no_exchanger{550, "5.7.1",
                                         "this server is no mail exchanger for that domain"};
inline constexpr FixedReply terminals_elsewhere{550, "5.7.1",
                                                "SEND reaches the terminals of this host alone"};
inline constexpr FixedReply listed_wrongly{
    550, "5.7.1", "the DNS lists this host as exchanger for that domain, wrongly"};
inline constexpr FixedReply partner_unproven{
    550, "5.7.1", "mail of this sender is taken with a certificate that proves it"};
inline constexpr FixedReply bare_line_end{550, "5.6.11", "line end other than CRLF in the message"};
inline constexpr FixedReply too_large{552, "5.3.4", "message is larger than this server takes"};
inline constexpr FixedReply header_too_large{552, "5.3.4",
                                             "header is larger than this server takes"};
inline constexpr FixedReply too_long_to_show{552, "5.3.4",
                                             "message is longer than a terminal is given"};
inline constexpr FixedReply needs_smtputf8{553, "5.6.7", "address needs SMTPUTF8"};
inline constexpr FixedReply mail_loop{554, "5.4.6", "too many hops, this looks like a mail loop"};
inline constexpr FixedReply no_tls_here{554, "5.3.3", "TLS is not available here"};
inline constexpr FixedReply lack_of_security{554, "5.7.0",
                                             "Command refused due to lack of security"};
inline constexpr FixedReply behind_start_tls{554, "5.5.0", "nothing may follow STARTTLS"};
inline constexpr FixedReply unknown_parameter{555, "5.5.4", "parameter is not known or not served"};
inline constexpr FixedReply improper_pipelining{554, "5.5.0", "talk only when it is your turn"};
}  // namespace replies

}  // namespace outrider::smtp
