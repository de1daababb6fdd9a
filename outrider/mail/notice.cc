#include "outrider/mail/notice.h"

#include <algorithm>

#include <fmt/format.h>

#include "outrider/base/text.h"
#include "outrider/mail/fold.h"
#include "outrider/mail/header_scanner.h"
#include "outrider/mail/notice_text.h"

namespace outrider::mail {
namespace {

bool is_utf8_notice(const Envelope& original, const std::vector<const Recipient*>& recipients) {
  return original.smtputf8 || original.reverse_path.needs_smtputf8() ||
         std::ranges::any_of(recipients, [](const auto* r) { return r->address.needs_smtputf8(); });
}

// RFC 3464 §2.3.3.
std::string_view action(NoticeKind kind, const Recipient& recipient) {
  if (kind == NoticeKind::Failure) return "failed";
  if (kind == NoticeKind::Delay) return "delayed";
  if (recipient.status == RecipientStatus::Relayed) return "relayed";
  return recipient.status == RecipientStatus::Expanded ? "expanded" : "delivered";
}

bool is_status(std::string_view word, char expected_class) {
  if (word.size() < 5 || word.size() > 9 || word[0] != expected_class || word[1] != '.')
    return false;
  const auto dot = word.find('.', 2);
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 &&
           std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  return dot != std::string_view::npos && digits(word.substr(2, dot - 2)) &&
         digits(word.substr(dot + 1));
}

// The server's own enhanced code where it fits the outcome; else what is known without it.
std::string status(NoticeKind kind, const Recipient& recipient) {
  const char expected = kind == NoticeKind::Failure ? '5' : kind == NoticeKind::Delay ? '4' : '2';
  std::string_view reply = recipient.reply;
  if (reply.size() > 4 && reply[3] == ' ') {
    reply.remove_prefix(4);
    const auto word = reply.substr(0, std::min(reply.find(' '), reply.size()));
    if (is_status(word, expected)) return std::string(word);
  }
  if (kind == NoticeKind::Success) return "2.0.0";
  if (kind == NoticeKind::Delay) return "4.4.1";
  // RFC 3463 §3.5: tried in vain until its time was over.
  return recipient.reply.starts_with('4') ? "5.4.7" : "5.0.0";
}

bool says_a_reply(const Recipient& recipient) {
  const auto& reply = recipient.reply;
  return reply.size() >= 3 && reply[0] >= '2' && reply[0] <= '5' &&
         parse_number(reply.substr(0, 3));
}

// `mx.example.org[192.0.2.1]:25` as RFC 3464 §2.3.5 wants it: the name alone.
std::string remote_name(const std::string& remote) {
  return remote.substr(0, std::min(remote.find_first_of("[ :"), remote.size()));
}

std::string typed_address(const Address& address, bool utf8) {
  const auto path = safe_path(address);
  const bool beyond_ascii = address.needs_smtputf8();
  return (beyond_ascii ? "utf-8; " : "rfc822; ") +
         one_line(std::string_view(path).substr(1, path.size() - 2), utf8);
}

std::string recipient_part(NoticeKind kind, const Recipient& recipient, const NoticeFacts& facts,
                           bool utf8) {
  std::string part = "\r\n";
  const auto semicolon = recipient.orcpt.find(';');
  if (semicolon != std::string::npos) {
    part +=
        folded("Original-Recipient:", one_line(recipient.orcpt.substr(0, semicolon), false) + "; " +
                                          one_line(recipient.orcpt.substr(semicolon + 1), utf8));
  }
  part += folded("Final-Recipient:", typed_address(recipient.address, utf8));
  part += fmt::format("Action: {}\r\n", action(kind, recipient));
  part += fmt::format("Status: {}\r\n", status(kind, recipient));
  const auto remote = remote_name(recipient.remote);
  if (!remote.empty()) part += folded("Remote-MTA:", "dns; " + one_line(remote, false));
  if (says_a_reply(recipient) && !recipient.remote.empty()) {
    part += folded("Diagnostic-Code:", "smtp; " + one_line(recipient.reply, utf8));
  } else if (!recipient.reply.empty()) {
    part += folded("Diagnostic-Code:", "X-Outrider; " + one_line(recipient.reply, utf8));
  }
  part += "Last-Attempt-Date: " + rfc5322_date(facts.now) + "\r\n";
  if (kind == NoticeKind::Delay && facts.retry_until) {
    part += "Will-Retry-Until: " + rfc5322_date(*facts.retry_until) + "\r\n";
  }
  return part;
}

std::string machine_part(NoticeKind kind, const Envelope& original,
                         const std::vector<const Recipient*>& recipients, const NoticeFacts& facts,
                         bool utf8) {
  std::string part = folded("Reporting-MTA:", "dns; " + one_line(facts.host, false));
  if (!original.envid.empty()) {
    part += folded("Original-Envelope-Id:", one_line(original.envid, false));
  }
  part += "Arrival-Date: " + rfc5322_date(original.arrived) + "\r\n";
  for (const auto* recipient : recipients) part += recipient_part(kind, *recipient, facts, utf8);
  return part;
}

// Binary content (RFC 3030) may have lines that a text part must not have.
bool has_sound_lines(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return false;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
  }
  return true;
}

// RFC 3461 §4.3: the whole message comes back with a failure only, and only where it was asked for.
bool quotes_all(NoticeKind kind, const Envelope& original, const NoticeFacts& facts) {
  return kind == NoticeKind::Failure && original.ret == Return::Full && !original.require_tls &&
         !facts.content.empty() && facts.content.size() <= facts.most_quoted &&
         has_sound_lines(facts.content);
}

// Not in any part: a number is counted up until that is so.
std::string boundary_for(const NoticeFacts& facts, std::string_view a, std::string_view b,
                         std::string_view c) {
  std::string boundary;
  for (unsigned i = 0;
       boundary.empty() || a.contains(boundary) || b.contains(boundary) || c.contains(boundary);
       ++i) {
    boundary = fmt::format("=_{}_{}_{}", facts.now.time_since_epoch().count(), facts.id.size(), i);
  }
  return boundary;
}

std::string head(NoticeKind kind, const Envelope& original, const NoticeFacts& facts, bool utf8,
                 std::string_view boundary) {
  const auto host = one_line(facts.host, false);
  std::string head = folded("From:", "Mail Delivery System <MAILER-DAEMON@" + host + ">");
  const auto to = safe_path(original.reverse_path);
  head += folded("To:", one_line(to, utf8));
  head += folded("Subject:", subject(kind));
  head += "Date: " + rfc5322_date(facts.now) + "\r\n";
  head += fmt::format("Message-ID: <{}.{}.{}@{}>\r\n", one_line(facts.id, false),
                      facts.now.time_since_epoch().count(), static_cast<int>(kind), host);
  head += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  head += fmt::format("Content-Type: multipart/report; report-type={};\r\n boundary=\"{}\"\r\n",
                      utf8 ? "global-delivery-status" : "delivery-status", boundary);
  return head;
}

std::string part_head(std::string_view boundary, std::string_view type, bool eight_bit) {
  return fmt::format("\r\n--{}\r\nContent-Type: {}\r\n{}\r\n", boundary, type,
                     eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

std::string_view quoted_type(bool all, bool utf8) {
  if (all) return utf8 ? "message/global" : "message/rfc822";
  return utf8 ? "message/global-headers" : "text/rfc822-headers";
}

}  // namespace

bool wanted(NoticeKind kind, const Address& reverse_path, const Recipient& recipient,
            bool peer_notifies) {
  if (reverse_path.is_null()) return false;  // RFC 5321 §6.1: a notice never causes another
  const auto notify = recipient.notify;
  if (notify & notify_never) return false;
  switch (kind) {
    case NoticeKind::Failure: return notify == 0 || (notify & notify_failure);
    case NoticeKind::Delay: return notify == 0 || (notify & notify_delay);
    case NoticeKind::Success: break;
  }
  if (!(notify & notify_success)) return false;
  switch (recipient.status) {
    case RecipientStatus::Relayed: return !peer_notifies;
    case RecipientStatus::Delivered:
    case RecipientStatus::Expanded: return true;
    case RecipientStatus::Pending:
    case RecipientStatus::Failed: return false;
  }
  return false;
}

std::optional<Notice> make_notice(NoticeKind kind, const Envelope& original,
                                  const std::vector<const Recipient*>& recipients,
                                  const NoticeFacts& facts) {
  if (recipients.empty() || original.reverse_path.is_null()) return std::nullopt;
  const bool utf8 = is_utf8_notice(original, recipients);
  const bool all = quotes_all(kind, original, facts);
  const auto text = human_text(kind, original, recipients, facts, utf8);
  const auto machine = machine_part(kind, original, recipients, facts, utf8);
  const auto header = has_sound_lines(facts.header) ? facts.header : std::string_view();
  const auto quoted = all ? facts.content : header;
  const bool quoted_eight_bit = has_eight_bit(quoted);
  const auto boundary = boundary_for(facts, text, machine, quoted);

  Notice notice;
  auto& out = notice.content;
  out.reserve(text.size() + machine.size() + quoted.size() + 2048);
  out = head(kind, original, facts, utf8, boundary);
  const bool own_eight_bit = has_eight_bit(text) || has_eight_bit(machine) || has_eight_bit(out);
  const bool eight_bit = quoted_eight_bit || own_eight_bit;
  if (eight_bit) out += "Content-Transfer-Encoding: 8bit\r\n";
  out += part_head(boundary, utf8 ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii",
                   has_eight_bit(text));
  out += text;
  out += part_head(boundary, utf8 ? "message/global-delivery-status" : "message/delivery-status",
                   has_eight_bit(machine));
  out += machine;
  out += part_head(boundary, quoted_type(all, utf8), quoted_eight_bit);
  out += quoted;
  if (!quoted.ends_with("\r\n")) out += "\r\n";
  out += fmt::format("\r\n--{}--\r\n", boundary);

  auto& envelope = notice.envelope;
  envelope.routed = !original.reverse_route.empty();
  envelope.require_tls = original.require_tls;  // RFC 8689 §5
  Recipient back;
  back.address = original.reverse_path;
  back.route = original.reverse_route;
  back.notify = notify_never;  // RFC 3461 §4.1: what has no sender wants no notice
  envelope.recipients.push_back(std::move(back));
  envelope.body = eight_bit ? BodyType::EightBitMime : BodyType::SevenBit;
  envelope.has_eight_bit = eight_bit;
  envelope.smtputf8 = utf8;
  envelope.arrived = facts.now;
  envelope.size = out.size();
  return notice;
}

}  // namespace outrider::mail
