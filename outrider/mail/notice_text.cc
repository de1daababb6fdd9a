#include "outrider/mail/notice_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "outrider/base/text.h"
#include "outrider/mail/fold.h"

namespace outrider::mail {
namespace {

std::string_view opening(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::Failure:
      return "Your message could not be delivered to the recipients below. It will not be tried "
             "again: if it still matters, send it anew once the cause is gone.";
    case NoticeKind::Delay:
      return "Your message has not been delivered yet to the recipients below. You need not do "
             "anything: it is kept here and will be tried again.";
    case NoticeKind::Success:
      return "You asked to be told about your message: it was passed on for the recipients below.";
  }
  return "";
}

std::string_view outcome(const Recipient& recipient) {
  switch (recipient.status) {
    case RecipientStatus::Delivered: return "delivered to the mailbox";
    case RecipientStatus::Relayed:
      return "handed to the next mail server, which does not report on delivery";
    case RecipientStatus::Expanded: return "passed on to other addresses";
    case RecipientStatus::Pending: return "still waiting";
    case RecipientStatus::Failed: return "not delivered";
  }
  return "";
}

// Words on lines of 76 columns behind an indent.
std::string wrapped(std::string_view text, std::string_view indent) {
  std::string out;
  std::string line(indent);
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, std::min<std::size_t>(end, 900));
    if (line.size() > indent.size() && line.size() + 1 + word.size() > 76) {
      out.append(line).append("\r\n");
      line = indent;
    }
    if (line.size() > indent.size()) line += ' ';
    line += word;
    text.remove_prefix(word.size() == end ? std::min(end + 1, text.size()) : word.size());
  }
  return out.append(line).append("\r\n");
}

}  // namespace

std::string one_line(std::string_view text, bool utf8, std::size_t bound) {
  const bool keep_high = utf8 && is_utf8(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (out.size() >= bound && (byte & 0xc0) != 0x80) break;
    if (c == '\n' || c == '\t') {
      out += ' ';
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !keep_high)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view subject(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::Failure: return "Your message could not be delivered";
    case NoticeKind::Delay: return "Your message is delayed";
    case NoticeKind::Success: return "Your message was passed on";
  }
  return "";
}

std::string human_text(NoticeKind kind, const Envelope& original,
                       const std::vector<const Recipient*>& recipients, const NoticeFacts& facts,
                       bool utf8) {
  std::string text = fmt::format("This is the mail server {}.\r\n\r\n", one_line(facts.host, utf8));
  text += wrapped(opening(kind), "");
  for (const auto* recipient : recipients) {
    text += "\r\n" + wrapped(one_line(safe_path(recipient->address), utf8), "  ");
    if (kind == NoticeKind::Success) {
      text += wrapped(outcome(*recipient), "    ");
      continue;
    }
    const auto who = recipient->remote.empty() ? std::string("This server says:")
                                               : one_line(recipient->remote, utf8) + " said:";
    text += wrapped(who, "    ");
    text += wrapped(recipient->reply.empty() ? "no answer" : one_line(recipient->reply, utf8),
                    "      ");
  }
  text += "\r\n";
  if (facts.retry_until) {
    text += wrapped("It will be tried until " + rfc5322_date(*facts.retry_until) +
                        ". If it cannot be delivered by then, you will get another notice.",
                    "");
  }
  text += wrapped("It came here on " + rfc5322_date(original.arrived) + " and was known here as " +
                      one_line(facts.id, utf8) + ": tell your postmaster this name if you ask.",
                  "");
  return text;
}

}  // namespace outrider::mail
