#include "outrider/smtp/parameters.h"

#include <algorithm>
#include <array>

#include "outrider/base/text.h"
#include "outrider/smtp/xtext.h"

namespace outrider::smtp {
namespace {

using Failure = const FixedReply*;  // null: no failure

constexpr std::size_t longest_envid = 100;  // RFC 3461 §4.4
constexpr std::size_t longest_orcpt = 500;  // RFC 3461 §4.2

struct Parameter {
  std::string_view keyword;
  std::string_view value;
  bool has_value = false;
};

struct MailParsing {
  MailCommand& mail;
  const Offered& offered;
};
struct RcptParsing {
  RcptCommand& rcpt;
  const Offered& offered;
  bool smtputf8;
};

// size-value = 1*20DIGIT. What does not fit in 64 bits is too large for anybody.
Failure take_size(MailParsing& in, const Parameter& parameter) {
  const auto digits = parameter.value;
  if (digits.empty() || digits.size() > 20 ||
      !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return &replies::bad_syntax;
  }
  in.mail.size = parse_number(digits).value_or(UINT64_MAX);
  return nullptr;
}

Failure take_body(MailParsing& in, const Parameter& parameter) {
  if (iequals(parameter.value, "7BIT")) {
    in.mail.body = Body::SevenBit;
  } else if (iequals(parameter.value, "8BITMIME")) {
    in.mail.body = Body::EightBitMime;
  } else if (iequals(parameter.value, "BINARYMIME") && in.offered.chunking) {
    in.mail.body = Body::BinaryMime;
  } else {
    return &replies::bad_syntax;
  }
  return nullptr;
}

Failure take_smtputf8(MailParsing& in, const Parameter& parameter) {
  if (!in.offered.smtputf8) return &replies::unknown_parameter;
  if (parameter.has_value) return &replies::bad_syntax;
  in.mail.smtputf8 = true;
  return nullptr;
}

Failure take_requiretls(MailParsing& in, const Parameter& parameter) {
  if (!in.offered.require_tls) return &replies::unknown_parameter;
  if (parameter.has_value) return &replies::bad_syntax;
  in.mail.require_tls = true;
  return nullptr;
}

Failure take_ret(MailParsing& in, const Parameter& parameter) {
  if (iequals(parameter.value, "FULL")) {
    in.mail.ret = Ret::Full;
  } else if (iequals(parameter.value, "HDRS")) {
    in.mail.ret = Ret::Headers;
  } else {
    return &replies::bad_syntax;
  }
  return nullptr;
}

Failure take_envid(MailParsing& in, const Parameter& parameter) {
  auto envid = from_xtext(parameter.value);
  if (!envid || envid->empty() || envid->size() > longest_envid) return &replies::bad_syntax;
  in.mail.envid = std::move(*envid);
  return nullptr;
}

// RFC 4954 §5: who vouches for the sender. Checked and not used: nobody is trusted to say it.
Failure take_auth(MailParsing&, const Parameter& parameter) {
  const auto who = from_xtext(parameter.value);
  return who && !who->empty() ? nullptr : &replies::bad_syntax;
}

Failure take_notify(RcptParsing& in, const Parameter& parameter) {
  auto& notify = in.rcpt.notify;
  std::string_view rest = parameter.value;
  for (;;) {
    const auto comma = rest.find(',');
    const auto word = rest.substr(0, comma);
    bool* wish = iequals(word, "NEVER")     ? &notify.never
                 : iequals(word, "SUCCESS") ? &notify.success
                 : iequals(word, "FAILURE") ? &notify.failure
                 : iequals(word, "DELAY")   ? &notify.delay
                                            : nullptr;
    if (!wish || *wish) return &replies::bad_syntax;
    *wish = true;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  // NEVER stands alone: RFC 3461 §4.1.
  const bool more = notify.success || notify.failure || notify.delay;
  return notify.never && more ? &replies::bad_syntax : nullptr;
}

// ORCPT=addr-type;xtext; utf-8 addresses as RFC 6533 §3 has them, where SMTPUTF8 is declared.
Failure take_orcpt(RcptParsing& in, const Parameter& parameter) {
  const auto semicolon = parameter.value.find(';');
  if (semicolon == std::string_view::npos || semicolon == 0 ||
      parameter.value.size() > longest_orcpt) {
    return &replies::bad_syntax;
  }
  const auto type = parameter.value.substr(0, semicolon);
  const auto encoded = parameter.value.substr(semicolon + 1);
  if (!std::ranges::all_of(type,
                           [](char c) { return c > ' ' && c < 127 && c != '+' && c != '='; })) {
    return &replies::bad_syntax;
  }
  auto address = from_xtext(encoded);
  if (!address && in.smtputf8 && iequals(type, "utf-8") && !is_ascii(encoded) && is_utf8(encoded) &&
      printable(encoded, encoded.size()) == encoded) {
    address = std::string(encoded);
  }
  if (!address || address->empty()) return &replies::bad_syntax;
  in.rcpt.orcpt = to_lower(type) + ";" + *address;
  return nullptr;
}

template <class Parsing>
struct Keyword {
  std::string_view name;
  Failure (*take)(Parsing&, const Parameter&);
};

constexpr std::array mail_keywords{
    Keyword<MailParsing>{"SIZE", take_size},
    Keyword<MailParsing>{"BODY", take_body},
    Keyword<MailParsing>{"RET", take_ret},
    Keyword<MailParsing>{"SMTPUTF8", take_smtputf8},
    Keyword<MailParsing>{"ENVID", take_envid},
    Keyword<MailParsing>{"AUTH", take_auth},
    Keyword<MailParsing>{"REQUIRETLS", take_requiretls},
};
constexpr std::array rcpt_keywords{
    Keyword<RcptParsing>{"NOTIFY", take_notify},
    Keyword<RcptParsing>{"ORCPT", take_orcpt},
};

// esmtp-value: printable ASCII but "=", or UTF-8 (RFC 6531 §3.3).
bool is_value(std::string_view value) {
  return std::ranges::all_of(
      value, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 127 && c != '='; });
}

Parameter split(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return {word, {}, false};
  return {word.substr(0, equals), word.substr(equals + 1), true};
}

// SP esmtp-param *( SP esmtp-param ), to the end of the line.
template <class Parsing, std::size_t N>
Failure take_parameters(Cursor& in, Parsing& parsing,
                        const std::array<Keyword<Parsing>, N>& known) {
  std::array<bool, N> seen{};
  while (!in.at_end()) {
    if (!in.take(' ')) return &replies::bad_syntax;
    const auto word = in.take_all([](char c) { return c != ' '; });
    if (word.empty()) continue;  // trailing and double spaces hurt nobody
    const auto parameter = split(word);
    if (!parsing.offered.extended) return &replies::unknown_parameter;
    const auto row = std::ranges::find_if(
        known, [&](const auto& keyword) { return iequals(keyword.name, parameter.keyword); });
    if (row == known.end()) return &replies::unknown_parameter;
    auto& already = seen[static_cast<std::size_t>(row - known.begin())];
    if (already || !is_value(parameter.value)) return &replies::bad_syntax;
    already = true;
    if (const auto failure = row->take(parsing, parameter)) return failure;
  }
  return nullptr;
}

// The first space behind the colon is an old habit of clients, and harmless.
bool take_prefix(Cursor& in, std::string_view word) {
  if (!in.take_word(word)) return false;
  in.take(' ');
  return true;
}

// Beyond ASCII without SMTPUTF8: RFC 6531 §3.5 has a code of its own.
std::unexpected<Reply> bad_path(std::string_view arguments, bool utf8,
                                const FixedReply& otherwise) {
  const auto path = arguments.substr(0, arguments.find('>'));
  const bool wants_utf8 = !utf8 && !is_ascii(path) && is_utf8(path);
  return std::unexpected(Reply(wants_utf8 ? replies::needs_smtputf8 : otherwise));
}

}  // namespace

std::expected<MailCommand, Reply> parse_mail(std::string_view arguments, const Offered& offered) {
  Cursor in(arguments);
  if (!take_prefix(in, "FROM:")) return std::unexpected(Reply(replies::bad_syntax));
  MailCommand mail;
  // SMTPUTF8 comes behind the path that it allows, so both readings are tried (RFC 6531 §3.4).
  Cursor ahead = in;
  auto path = parse_reverse_path(ahead, Letters::Utf8);
  if (!path) return bad_path(arguments, true, replies::bad_sender);
  in = ahead;
  MailParsing parsing{mail, offered};
  if (const auto failure = take_parameters(in, parsing, mail_keywords)) {
    return std::unexpected(Reply(*failure));
  }
  mail.reverse_path = std::move(path->mailbox);
  mail.route = std::move(path->route);
  if (!mail.smtputf8 && !is_ascii(arguments))
    return bad_path(arguments, false, replies::bad_sender);
  return mail;
}

std::expected<RcptCommand, Reply> parse_rcpt(std::string_view arguments, const Offered& offered,
                                             bool smtputf8) {
  Cursor in(arguments);
  if (!take_prefix(in, "TO:")) return std::unexpected(Reply(replies::bad_syntax));
  auto path = parse_forward_path(in, smtputf8 ? Letters::Utf8 : Letters::Ascii);
  if (!path) return bad_path(arguments, smtputf8, replies::bad_recipient);
  RcptCommand rcpt;
  rcpt.forward_path = std::move(path->mailbox);
  rcpt.route = std::move(path->route);
  RcptParsing parsing{rcpt, offered, smtputf8};
  if (const auto failure = take_parameters(in, parsing, rcpt_keywords)) {
    return std::unexpected(Reply(*failure));
  }
  return rcpt;
}

}  // namespace outrider::smtp
