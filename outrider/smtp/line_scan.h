// Finds the few bytes of content that are not just content, 64 at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace outrider::smtp {

/// What stood before the text.
struct LineState {
  bool after_cr = false;       ///< the last byte was CR
  bool at_line_start = false;  ///< the last two bytes were CRLF, or nothing came yet

  bool operator==(const LineState&) const = default;
};

enum class Dots { Matter, AreText };

/// The offset of the first byte that needs a decision, or the size of the text: an LF that does
/// not follow CR, a byte after CR that is no LF, a NUL and, where dots matter, a dot that begins a
/// line. `state` is moved on to that place.
std::size_t plain_length(std::string_view text, LineState& state, Dots dots);

}  // namespace outrider::smtp
