#include "outrider/smtp/client_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "outrider/base/text.h"
#include "outrider/smtp/xtext.h"

namespace outrider::smtp {
namespace {

constexpr std::size_t most_lines_kept = 64;
constexpr std::size_t longest_path = 256;
constexpr std::size_t most_tokens_kept = 16, longest_token = 64;

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

std::string_view take_word(std::string_view& rest) {
  rest = trim(rest);
  const auto end = std::min(rest.find(' '), rest.size());
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

// RFC 9422 §2: LIMITS SP limit-name=value …
void parse_limits(std::string_view rest, Extensions& extensions) {
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
    const auto equals = std::min(word.find('='), word.size());
    const auto name = word.substr(0, equals);
    const auto value = parse_number(word.substr(std::min(equals + 1, word.size()))).value_or(0);
    if (iequals(name, "RCPTMAX")) extensions.max_recipients = value;
    if (iequals(name, "MAILMAX")) extensions.max_messages = value;
  }
}

// A server that names SIZE twice means the smaller one, if it means anything.
void parse_size(std::string_view rest, Extensions& extensions) {
  extensions.size = true;
  const auto told = parse_number(trim(rest)).value_or(0);
  if (told == 0) return;  // RFC 1870 §4: zero is no limit
  extensions.max_size = extensions.max_size == 0 ? told : std::min(told, extensions.max_size);
}

// draft-hoffman-smtp-ssl §4: TLS SP token…
void parse_tokens(std::string_view rest, Extensions& extensions) {
  extensions.draft_tls = true;
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (extensions.tls_tokens.size() == most_tokens_kept || word.size() > longest_token) return;
    extensions.tls_tokens.push_back(printable(word));
  }
}

void parse_line(std::string_view line, Extensions& extensions) {
  static constexpr std::pair<std::string_view, bool Extensions::*> flags[] = {
      {"PIPELINING", &Extensions::pipelining},
      {"8BITMIME", &Extensions::eight_bit_mime},
      {"SMTPUTF8", &Extensions::smtputf8},
      {"CHUNKING", &Extensions::chunking},
      {"BINARYMIME", &Extensions::binary_mime},
      {"DSN", &Extensions::dsn},
      {"STARTTLS", &Extensions::starttls},
      {"ENHANCEDSTATUSCODES", &Extensions::enhanced_status_codes},
      {"REQUIRETLS", &Extensions::require_tls},
  };
  auto rest = line;
  const auto keyword = take_word(rest);
  for (const auto& [name, flag] : flags) {
    if (iequals(keyword, name)) extensions.*flag = true;
  }
  if (iequals(keyword, "SIZE")) parse_size(rest, extensions);
  if (iequals(keyword, "TLS")) parse_tokens(rest, extensions);
  if (iequals(keyword, "LIMITS")) parse_limits(rest, extensions);
}

// RFC 3461 §4.2: ORCPT=addr-type;xtext.
std::string written_orcpt(std::string_view orcpt) {
  const auto semicolon = orcpt.find(';');
  if (semicolon == std::string_view::npos) return {};
  const auto type = orcpt.substr(0, semicolon);
  if (has_control(type) || !is_ascii(type) || type.empty() || type.contains(' ')) return {};
  std::string address(orcpt.substr(semicolon + 1));
  if (!is_ascii(address)) return {};  // only `utf-8` of RFC 6533 may, and that is written escaped
  return std::string(type) + ";" + to_xtext(address);
}

// RFC 5321 §4.5.3.1.3: a path has 256 octets. A longer one goes without its route, which is a hint.
std::string written_path(const std::string& route, const Address& mailbox) {
  std::string path = mailbox.path();
  const bool fits = path.size() + route.size() + 1 <= longest_path && !has_control(route);
  if (!route.empty() && !mailbox.is_null() && fits) path.insert(1, route + ':');
  return path;
}

std::string written(const Notify& notify) {
  if (notify.never) return "NEVER";
  std::string text;
  const auto add = [&](bool wanted, std::string_view name) {
    if (!wanted) return;
    if (!text.empty()) text += ',';
    text += name;
  };
  add(notify.success, "SUCCESS");
  add(notify.failure, "FAILURE");
  add(notify.delay, "DELAY");
  return text;
}

}  // namespace

Extensions parse_extensions(const Reply& reply) {
  Extensions extensions;
  std::string_view rest = reply.text;
  for (bool first = true; !rest.empty(); first = false) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (first) continue;  // the server's name
    parse_line(line, extensions);
    if (extensions.lines.size() < most_lines_kept) extensions.lines.push_back(printable(line));
  }
  return extensions;
}

Manner manner_of(const Transaction& transaction, const Extensions& offered, bool chunking) {
  Manner manner;
  manner.size = offered.size;
  manner.dsn = offered.dsn;
  manner.bdat = offered.chunking && chunking;
  manner.require_tls = offered.require_tls && transaction.mail.require_tls;
  manner.smtputf8 = offered.smtputf8 && (transaction.mail.smtputf8 || transaction.needs_smtputf8);
  const auto declared = transaction.mail.body;
  if (declared == Body::BinaryMime) {
    manner.body = declared;
  } else if (offered.eight_bit_mime &&
             (declared == Body::EightBitMime || transaction.has_eight_bit)) {
    manner.body = Body::EightBitMime;
  }
  return manner;
}

std::optional<Reply> refusal(const Transaction& transaction, const Extensions& offered,
                             const Manner& manner) {
  const auto& mail = transaction.mail;
  const bool beyond_ascii = transaction.needs_smtputf8 || mail.reverse_path.needs_smtputf8() ||
                            std::ranges::any_of(transaction.recipients, [](const auto& rcpt) {
                              return rcpt.forward_path.needs_smtputf8();
                            });
  if (has_control(mail.reverse_path.local_part) || has_control(mail.reverse_path.domain)) {
    return Reply(553, "5.1.7", "sender address has control characters");
  }
  if (beyond_ascii && !offered.smtputf8) {  // RFC 6531 §3.5
    return Reply(553, "5.6.7", "the next server does not take internationalised mail (SMTPUTF8)");
  }
  if (mail.body == Body::BinaryMime && !(offered.binary_mime && manner.bdat)) {  // RFC 3030 §3
    return Reply(554, "5.6.1", "the next server does not take binary content (BINARYMIME)");
  }
  if (transaction.has_eight_bit && manner.body == Body::SevenBit) {  // RFC 6152 §3
    return Reply(554, "5.6.3", "the next server does not take 8-bit content (8BITMIME)");
  }
  // RFC 8689 §4.2.1; §5: a notice goes all the same.
  if (mail.require_tls && !offered.require_tls && !mail.reverse_path.is_null()) {
    return Reply(550, "5.7.30", "REQUIRETLS support required, and the next server has none");
  }
  if (offered.max_size > 0 && mail.size.value_or(0) > offered.max_size) {  // RFC 1870 §6.1
    return Reply(552, "5.3.4",
                 fmt::format("message of {} bytes is larger than the {} that the next server takes",
                             *mail.size, offered.max_size));
  }
  return std::nullopt;
}

std::optional<Reply> refusal(const RcptCommand& recipient) {
  const auto& path = recipient.forward_path;
  if (path.is_null()) return Reply(553, "5.1.3", "no recipient address");
  if (has_control(path.local_part) || has_control(path.domain)) {
    return Reply(553, "5.1.3", "recipient address has control characters");
  }
  return std::nullopt;
}

void write_mail(const MailCommand& mail, const Manner& manner, std::string& out) {
  out.append("MAIL FROM:").append(written_path(mail.route, mail.reverse_path));
  if (manner.size && mail.size) fmt::format_to(std::back_inserter(out), " SIZE={}", *mail.size);
  if (manner.body == Body::EightBitMime) out += " BODY=8BITMIME";
  if (manner.body == Body::BinaryMime) out += " BODY=BINARYMIME";
  if (manner.smtputf8) out += " SMTPUTF8";
  if (manner.require_tls) out += " REQUIRETLS";
  if (manner.dsn && mail.ret != Ret::Unset)
    out += mail.ret == Ret::Full ? " RET=FULL" : " RET=HDRS";
  if (manner.dsn && !mail.envid.empty()) out.append(" ENVID=").append(to_xtext(mail.envid));
  out += "\r\n";
}

void write_rcpt(const RcptCommand& recipient, const Manner& manner, std::string& out) {
  out.append("RCPT TO:").append(written_path(recipient.route, recipient.forward_path));
  if (manner.dsn) {
    const auto notify = written(recipient.notify);
    if (!notify.empty()) out.append(" NOTIFY=").append(notify);
    const auto orcpt = written_orcpt(recipient.orcpt);
    if (!orcpt.empty()) out.append(" ORCPT=").append(orcpt);
  }
  out += "\r\n";
}

}  // namespace outrider::smtp
