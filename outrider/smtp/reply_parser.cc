#include "outrider/smtp/reply_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "outrider/base/text.h"

namespace outrider::smtp {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }

// Characters that are valid UTF-8 and still able to forge what a person sees: C1 controls, line
// and paragraph separators, and the marks that turn the direction of writing.
std::size_t deceiving(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() >= 2 && byte(0) == 0xc2 && byte(1) < 0xa0) return 2;
  if (text.size() < 3 || byte(0) != 0xe2) return 0;
  if (byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f)) return 3;
  if (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) return 3;
  if (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9) return 3;
  return 0;
}

std::string cleaned(std::string_view line) {
  const bool utf8 = is_utf8(line);
  std::string out;
  out.reserve(line.size() + 16);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool high = (static_cast<unsigned char>(c) & 0x80) != 0;
    const std::size_t bad = high && utf8 ? deceiving(line.substr(i)) : (high ? 1 : 0);
    if (is_plain(c) || (high && bad == 0)) {
      out += c;
    } else if (c == '\t') {
      out += ' ';
    } else {
      for (std::size_t k = 0; k < std::max<std::size_t>(bad, 1); ++k) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(line[i + k]));
      }
      i += std::max<std::size_t>(bad, 1) - 1;
    }
  }
  return out;
}

// RFC 3463 §2: class "." subject "." detail, each of the last two with up to three digits; returns
// its length when a space or the end of the line follows.
std::size_t status_length(std::string_view text, char expected_class) {
  if (text.empty() || text[0] != expected_class) return 0;
  std::size_t at = 1;
  for (int part = 0; part < 2; ++part) {
    if (at >= text.size() || text[at] != '.') return 0;
    const std::size_t digits = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == digits || at - digits > 3) return 0;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

}  // namespace

std::size_t ReplyParser::read(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !complete_ && why_.empty()) take_byte(bytes[taken++]);
  return taken;
}

void ReplyParser::take_byte(char c) {
  if (++total_ > total_bound_) return fail(fmt::format("reply longer than {} bytes", total_bound_));
  if (++column_ > line_bound_) {
    return fail(fmt::format("reply line longer than {} bytes", line_bound_));
  }
  if (after_cr_) {
    if (c != '\n') return fail("bare CR in a reply");
    return end_line();
  }
  if (column_ <= 3) return take_digit(c);
  if (column_ == 4) return take_separator(c);
  if (c == '\0') return fail("NUL in a reply");
  if (c == '\n') return fail("bare LF in a reply");
  if (c == '\r') {
    after_cr_ = true;
  } else {
    text_ += c;
  }
}

// RFC 5321 §4.2: Reply-code = %x32-35 %x30-35 %x30-39. Any second digit is taken, because §4.3.2
// tells a client to act by the first where it does not know the rest.
void ReplyParser::take_digit(char c) {
  const char least = column_ == 1 ? '2' : '0';
  const char most = column_ == 1 ? '5' : '9';
  if (c < least || c > most) return fail("reply does not begin with a reply code");
  line_code_ = (column_ == 1 ? 0 : line_code_ * 10) + (c - '0');
}

void ReplyParser::take_separator(char c) {
  if (first_line_) code_ = line_code_;
  if (line_code_ != code_) {
    return fail(fmt::format("reply code changes from {} to {} within a reply", code_, line_code_));
  }
  if (c != ' ' && c != '-' && c != '\r')
    return fail("neither space nor hyphen behind a reply code");
  last_line_ = c != '-';
  after_cr_ = c == '\r';
}

void ReplyParser::end_line() {
  const std::string_view line = std::string_view(text_).substr(line_start_);
  const auto length = status_length(line, static_cast<char>('0' + code_ / 100));
  if (length > 0 && first_line_) status_ = line.substr(0, length);
  // Most servers repeat the code on each line: it is dropped there too.
  const bool repeated = length > 0 && line.substr(0, length) == status_;
  const auto skipped = repeated ? std::min(length + 1, line.size()) : 0;
  const auto rest = line.substr(skipped);
  if (skipped > 0 || !std::ranges::all_of(rest, is_plain)) {
    text_.replace(line_start_, std::string::npos, cleaned(rest));
  }
  complete_ = last_line_;
  if (!last_line_) text_ += '\n';
  line_start_ = text_.size();
  column_ = 0;
  first_line_ = after_cr_ = false;
}

void ReplyParser::fail(std::string why) { why_ = std::move(why); }

Reply ReplyParser::take() {
  Reply reply(code_, status_, std::move(text_));
  *this = ReplyParser(line_bound_, total_bound_);
  return reply;
}

}  // namespace outrider::smtp
