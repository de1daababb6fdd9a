#include "outrider/smtp/content_writer.h"

#include <cstring>

namespace outrider::smtp {
namespace {

std::size_t find(std::string_view text, char c, std::size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const auto* found =
      static_cast<const char*>(std::memchr(text.data() + from, c, text.size() - from));
  return found ? static_cast<std::size_t>(found - text.data()) : std::string_view::npos;
}

}  // namespace

// memchr finds the line ends; each byte is passed twice at the speed of memory, which no loop over
// bytes comes near. `on_line` hears where each line begins.
template <class OnLine>
bool ContentWriter::scan(std::string_view content, OnLine on_line) {
  if (content.empty()) return true;
  if (find(content, '\0', 0) != std::string_view::npos) return false;
  std::size_t at = 0;
  if (after_cr_) {
    if (content[0] != '\n') return false;
    after_cr_ = false;
    line_start_ = true;
    at = 1;
  }
  while (at < content.size()) {
    if (line_start_) on_line(at);
    const auto lf = find(content, '\n', at);
    const auto line = content.substr(0, lf == std::string_view::npos ? content.size() : lf);
    const auto cr = find(line, '\r', at);
    if (lf == std::string_view::npos) {
      after_cr_ = cr != std::string_view::npos;
      line_start_ = false;
      return !after_cr_ || cr + 1 == content.size();
    }
    if (cr == std::string_view::npos || cr + 1 != lf) return false;
    line_start_ = true;
    at = lf + 1;
  }
  return true;
}

bool ContentWriter::data(std::string_view content, std::string& out) {
  const auto before = out.size();
  if (after_cr_ && !content.empty()) out += '\r';
  std::size_t copied = 0;
  const bool sound = scan(content, [&](std::size_t line) {
    if (content[line] != '.') return;
    out.append(content, copied, line - copied);
    out += '.';
    copied = line;
  });
  if (!sound) {
    out.resize(before);
    return false;
  }
  out.append(content, copied, content.size() - copied - (after_cr_ && !content.empty() ? 1 : 0));
  return true;
}

bool ContentWriter::end_data(std::string& out) {
  if (after_cr_) return false;
  out += line_start_ ? ".\r\n" : "\r\n.\r\n";
  return true;
}

bool ContentWriter::check(std::string_view content) {
  return scan(content, [](std::size_t) {});
}

}  // namespace outrider::smtp
