// CRLF to LF for files on Unix, over any cut of the content. A CR that no LF follows is kept.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace outrider::deliver {

class CrlfToLf {
 public:
  void convert(std::string_view content, std::string& out) {
    if (held_ && !content.empty() && content.front() != '\n') out += '\r';
    if (!content.empty()) held_ = false;
    while (!content.empty()) {
      const auto cr = content.find('\r');
      out.append(content.substr(0, cr));
      if (cr == std::string_view::npos) return;
      content.remove_prefix(cr + 1);
      if (content.empty()) {
        held_ = true;
      } else if (content.front() != '\n') {
        out += '\r';
      }
    }
  }
  void end(std::string& out) {
    if (held_) out += '\r';
    held_ = false;
  }

 private:
  bool held_ = false;  // a CR at the end of the last piece
};

}  // namespace outrider::deliver
