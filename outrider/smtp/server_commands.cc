#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/smtp/server_state.h"

namespace outrider::smtp {
namespace {

// A client that sends less at a time only keeps us busy; such chunks count as idle commands.
constexpr std::uint64_t smallest_useful_chunk = 512;

// clang-format off
constexpr std::array words{
    Word{"MAIL",     Verb::Mail,     Argument::Needed, "MAIL FROM:<reverse-path> [parameters]"},
    Word{"RCPT",     Verb::Rcpt,     Argument::Needed, "RCPT TO:<forward-path> [parameters]"},
    Word{"DATA",     Verb::Data,     Argument::None, "DATA, then the message, then a line with a dot alone"},
    Word{"BDAT",     Verb::Bdat,     Argument::Optional, "BDAT size [LAST], then so many bytes of the message"},
    Word{"EHLO",     Verb::Hello,    Argument::Needed, "EHLO domain-or-address-literal"},
    Word{"HELO",     Verb::Hello,    Argument::Needed, "HELO domain"},
    Word{"LHLO",     Verb::Hello,    Argument::Needed, "LHLO domain-or-address-literal"},
    Word{"RSET",     Verb::Rset,     Argument::None, "RSET: the transaction is forgotten"},
    Word{"NOOP",     Verb::Noop,     Argument::Optional, "NOOP: nothing is done"},
    Word{"QUIT",     Verb::Quit,     Argument::None, "QUIT: the connection ends"},
    Word{"STARTTLS", Verb::StartTls, Argument::Optional, "STARTTLS: what follows is TLS"},
    Word{"VRFY",     Verb::Vrfy,     Argument::Needed, "VRFY user-or-mailbox"},
    Word{"EXPN",     Verb::Expn,     Argument::Needed, "EXPN list"},
    Word{"HELP",     Verb::Help,     Argument::Optional, "HELP [command]"},
    Word{"SEND",     Verb::Mail,     Argument::Needed, "SEND FROM:<reverse-path>: to terminals", Way::Send},
    Word{"SOML",     Verb::Mail,     Argument::Needed, "SOML FROM:<reverse-path>: to terminals, else to mailboxes", Way::SendOrMail},
    Word{"SAML",     Verb::Mail,     Argument::Needed, "SAML FROM:<reverse-path>: to terminals and mailboxes", Way::SendAndMail},
    // Known to others, not served here: an honest 502, where an unknown first word means that
    // somebody speaks another protocol.
    Word{"AUTH",     Verb::Unserved, Argument::Optional, ""},
    Word{"TURN",     Verb::Unserved, Argument::Optional, ""},
    Word{"ETRN",     Verb::Unserved, Argument::Optional, ""},
    Word{"ATRN",     Verb::Unserved, Argument::Optional, ""},
    Word{"XCLIENT",  Verb::Unserved, Argument::Optional, ""},
    Word{"XFORWARD", Verb::Unserved, Argument::Optional, ""},
    Word{"PROXY",    Verb::Unserved, Argument::Optional, ""},
};
// clang-format on

const Word* find_word(std::string_view text) {
  const auto row =
      std::ranges::find_if(words, [&](const Word& word) { return iequals(word.text, text); });
  return row == words.end() ? nullptr : &*row;
}

bool fits(Argument wanted, std::string_view given) {
  if (wanted == Argument::None) return given.empty();
  return wanted == Argument::Optional || !given.empty();
}

// Only paths and their parameters may be UTF-8, and their grammar judges it. What is wrong with
// BDAT ends the session, so it is left to on_bdat().
bool is_command_text(Verb verb, std::string_view line) {
  if (verb == Verb::Bdat) return true;
  const bool utf8 = verb == Verb::Mail || verb == Verb::Rcpt;
  return std::ranges::all_of(line, [utf8](char c) {
    return static_cast<unsigned char>(c) >= 128 ? utf8 : c >= ' ' && c != 127;
  });
}

// RFC 3207 §4: STARTTLS has no parameter. The draft's needs one.
Argument argument_of(const Word& word, StartTlsForm form) {
  const bool rfc_only = word.verb == Verb::StartTls && form == StartTlsForm::Rfc3207;
  return rfc_only ? Argument::None : word.argument;
}

}  // namespace

std::optional<Event> ServerSession::State::run_command(std::string_view line) {
  ++idle_commands;
  while (line.ends_with(' ')) line.remove_suffix(1);  // RFC 5321 §4.1.1: tolerated
  const auto space = line.find(' ');
  const Word* word = find_word(line.substr(0, space));
  if (!word) return on_unknown(line);
  const Verb verb = word->way == Way::Mail || options.heritage ? word->verb : Verb::Unserved;
  const bool maybe_content = std::exchange(data_was_refused, false);
  const auto argument =
      space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  const FixedReply* wrong = nullptr;
  if (!is_command_text(verb, line) ||
      (verb != Verb::Unserved && !fits(argument_of(*word, options.start_tls_form), argument)))
    wrong = &replies::bad_syntax;
  if (verb != Verb::Bdat) {
    if (const auto* because = insecure(verb, word->text)) wrong = because;
    if (!wrong) wrong = refusal(verb, phase);
  }
  if (!wrong && verb == Verb::Unserved) wrong = &replies::no_such_command;
  if (wrong) {
    say(*wrong);
    refuse(line, *wrong);
    data_was_refused = maybe_content || verb == Verb::Data;
    return std::nullopt;
  }
  switch (verb) {
    case Verb::Hello: return on_hello(word->text, argument);
    case Verb::Mail: return on_mail(word->way, argument);
    case Verb::Rcpt: return on_rcpt(argument);
    case Verb::Data: return on_data();
    case Verb::Bdat: return on_bdat(argument);
    case Verb::StartTls: return on_start_tls(argument);
    case Verb::Rset:
      forget_transaction();
      say(replies::ok);
      return std::nullopt;
    case Verb::Noop: say(replies::ok); return std::nullopt;
    case Verb::Help: return on_help(argument);
    case Verb::Vrfy: return on_vrfy(argument);
    case Verb::Expn: return on_expn(argument);
    case Verb::Quit: close(replies::bye, "QUIT"); return std::nullopt;
    case Verb::Unserved: return std::nullopt;
  }
  std::unreachable();
}

// An unknown word before EHLO is another protocol (ALPACA, HTTP); behind a refused DATA it may be
// content that a client sends without having read our reply. Neither is read on.
std::optional<Event> ServerSession::State::on_unknown(std::string_view line) {
  const bool other = (phase == Phase::Greeting && !line.empty()) || data_was_refused;
  const FixedReply& reply = other ? replies::other_protocol : replies::unknown_command;
  refuse(line, reply);
  if (other) {
    close(reply, "another protocol");
  } else {
    say(reply);
  }
  return std::nullopt;
}

std::optional<Event> ServerSession::State::on_hello(std::string_view verb, std::string_view name) {
  const FixedReply* wrong = nullptr;
  if (options.lmtp && verb != "LHLO") wrong = &replies::lhlo_only;
  if (!options.lmtp && verb == "LHLO") wrong = &replies::wrong_hello;
  if (!is_helo_name(name)) wrong = &replies::bad_syntax;
  if (wrong) {
    say(*wrong);
    refuse(name, *wrong);
    return std::nullopt;
  }
  forget_transaction();
  phase = Phase::Hello;
  extended = verb != "HELO";
  helo = name;
  say(Reply(250, "", extended ? options.hostname + extensions() : options.hostname));
  return std::nullopt;
}

std::string ServerSession::State::extensions() const {
  const auto& limits = options.limits;
  std::string list = "\nPIPELINING\nENHANCEDSTATUSCODES\n8BITMIME\nDSN\nSIZE " +
                     std::to_string(limits.message_size);
  if (options.heritage) list += "\nSEND\nSOML\nSAML\nEXPN\nHELP";  // RFC 1869 §5
  if (options.offer_smtputf8) list += "\nSMTPUTF8";
  if (options.offer_chunking) list += "\nCHUNKING\nBINARYMIME";
  if (secure && options.offer_require_tls) list += "\nREQUIRETLS";
  list += "\nLIMITS MAILMAX=" + std::to_string(limits.transactions) +
          " RCPTMAX=" + std::to_string(limits.recipients);
  return list + tls_extensions();
}

Offered ServerSession::State::offered() const {
  return {.extended = extended,
          .smtputf8 = extended && options.offer_smtputf8,
          .chunking = extended && options.offer_chunking,
          .require_tls = extended && secure && options.offer_require_tls};
}

std::optional<Event> ServerSession::State::on_mail(Way way, std::string_view arguments) {
  auto mail = parse_mail(arguments, offered());
  if (mail && transactions >= options.limits.transactions) {
    mail = std::unexpected(Reply(replies::too_many_messages));
  }
  // RFC 1870 §6.1: what is declared too large is refused before it is sent.
  if (mail && mail->size.value_or(0) > options.limits.message_size) {
    mail = std::unexpected(Reply(replies::too_large));
  }
  if (!mail) {
    say(mail.error());
    refuse("MAIL " + std::string(arguments), mail.error());
    return std::nullopt;
  }
  mail->way = way;
  body = mail->body;
  smtputf8 = mail->smtputf8;
  recipients = excess_recipients = 0;
  content_size = 0;
  return ask(Question::Sender, Sender{std::move(*mail)});
}

std::optional<Event> ServerSession::State::on_rcpt(std::string_view arguments) {
  auto rcpt = parse_rcpt(arguments, offered(), smtputf8);
  if (rcpt && recipients >= options.limits.recipients) {
    // RFC 5321 §4.5.3.1.10: the client sends to the others later. No error of its own, unless it
    // goes on for ever.
    if (++excess_recipients <= options.limits.recipients) {
      --idle_commands;
      say(replies::too_many_recipients);
      return std::nullopt;
    }
    rcpt = std::unexpected(Reply(replies::too_many_recipients));
  }
  if (!rcpt) {
    say(rcpt.error());
    refuse("RCPT " + std::string(arguments), rcpt.error());
    return std::nullopt;
  }
  return ask(Question::Recipient, Recipient{std::move(*rcpt)});
}

std::optional<Event> ServerSession::State::on_data() {
  // RFC 3030 §3: binary content has no lines that a dot could stand on.
  if (body == Body::BinaryMime) {
    say(replies::needs_chunks);
    refuse("DATA", replies::needs_chunks);
    data_was_refused = true;
    return std::nullopt;
  }
  begin_content(BodyReader::Framing::Dots);
  mode = Mode::Data;
  say(replies::send_body);
  return std::nullopt;
}

// bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ]. Where the size cannot be read, nobody knows where
// the next command begins: the connection ends.
std::optional<Event> ServerSession::State::on_bdat(std::string_view arguments) {
  const auto space = arguments.find(' ');
  const auto digits = arguments.substr(0, space);
  const auto size = parse_number(digits);
  const bool last = space != std::string_view::npos;
  const bool served = options.offer_chunking && extended;
  const FixedReply* wrong = nullptr;
  if (!size || digits.size() > 20 || (last && !iequals(arguments.substr(space + 1), "LAST"))) {
    wrong = &replies::bad_syntax;
  } else if (!served) {
    wrong = &replies::no_such_command;
  } else if (*size > options.limits.message_size) {
    wrong = &replies::too_large;
  }
  if (wrong) {
    refuse("BDAT " + std::string(arguments), *wrong);
    close(*wrong, "BDAT that cannot be followed");
    return std::nullopt;
  }
  if (*size >= smallest_useful_chunk) --idle_commands;
  chunk_left = *size;
  chunk_is_last = last;
  skipped_because = insecure(Verb::Bdat, "BDAT");
  if (!skipped_because) skipped_because = refusal(Verb::Bdat, phase);
  if (skipped_because) {
    mode = Mode::SkippedChunk;  // RFC 3030 §2: its octets are read all the same
    return std::nullopt;
  }
  if (phase == Phase::Recipient) {
    begin_content(body == Body::BinaryMime ? BodyReader::Framing::Binary
                                           : BodyReader::Framing::Chunks);
    phase = Phase::Chunks;
  }
  mode = Mode::Chunk;
  return std::nullopt;
}

std::optional<Event> ServerSession::State::on_vrfy(std::string_view argument) {
  if (options.answer_vrfy) {
    inquiry = argument;
    return ask(Question::Inquiry, Verify{inquiry});
  }
  say(replies::cannot_verify);
  return std::nullopt;
}

std::optional<Event> ServerSession::State::on_expn(std::string_view argument) {
  if (options.answer_expn) {
    inquiry = argument;
    return ask(Question::Inquiry, Expand{inquiry});
  }
  say(replies::no_such_command);
  return std::nullopt;
}

bool ServerSession::State::serves(const Word& word) const {
  if (word.verb == Verb::Hello) return (word.text == "LHLO") == options.lmtp;
  if (word.verb == Verb::Expn) return options.answer_expn;
  if (word.way != Way::Mail) return options.heritage;
  if (word.verb == Verb::Bdat) return options.offer_chunking;
  if (word.verb == Verb::StartTls) return options.offer_starttls && !secure;
  return word.verb != Verb::Unserved;
}

// RFC 5321 §4.1.1.8: what is served here, or how one command is written.
std::optional<Event> ServerSession::State::on_help(std::string_view argument) {
  if (!argument.empty()) {
    const Word* word = find_word(argument);
    const bool known = word && serves(*word);
    say(known ? Reply(214, "2.0.0", std::string(word->usage)) : Reply(replies::no_help));
    return std::nullopt;
  }
  std::string text = "commands:";
  for (const Word& word : words) {
    if (serves(word)) text.append(" ").append(word.text);
  }
  say(Reply(214, "2.0.0", text));
  return std::nullopt;
}

}  // namespace outrider::smtp
