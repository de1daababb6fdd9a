#include "outrider/smtp/reply.h"

#include <charconv>

namespace outrider::smtp {
namespace {

// RFC 5321 §4.5.3.1.5: 512 bytes with code and CRLF.
constexpr std::size_t longest_text = 480;

void append_line(std::string& out, const Reply& reply, std::string_view text, char separator) {
  char code[3];
  std::to_chars(code, code + sizeof code, reply.code);
  out.append(code, sizeof code);
  out += separator;
  if (!reply.status.empty()) out.append(reply.status).append(" ");
  out.append(text).append("\r\n");
}

// The next line of the text, taken off its front.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.substr(0, longest_text).find('\n');
  if (end != std::string_view::npos) {
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
  }
  const auto line = rest.substr(0, longest_text);
  rest.remove_prefix(line.size());
  return line;
}

}  // namespace

std::string Reply::wire() const {
  std::string out;
  std::string_view rest = text;
  do {
    const auto before = rest.size();
    const auto line = take_line(rest);
    const bool ended_by_break = before != line.size() + rest.size();
    append_line(out, *this, line, rest.empty() && !ended_by_break ? ' ' : '-');
    if (rest.empty() && ended_by_break) append_line(out, *this, "", ' ');
  } while (!rest.empty());
  return out;
}

std::string Reply::line() const {
  std::string out = std::to_string(code);
  if (!status.empty()) out.append(" ").append(status);
  if (!text.empty()) out.append(" ").append(text);
  for (char& c : out) {
    if (c == '\n') c = ' ';
  }
  return out;
}

}  // namespace outrider::smtp
