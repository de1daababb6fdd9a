// The framing of content: where it ends, dot-stuffing undone, line ends judged.
#pragma once

#include <cstddef>
#include <string_view>

#include "outrider/smtp/line_ends.h"
#include "outrider/smtp/line_scan.h"

namespace outrider::smtp {

/// Reads the content of DATA (RFC 5321 §4.5.2) or of BDAT chunks (RFC 3030 §2).
///
/// Only CRLF ends a line, and only CRLF "." CRLF ends DATA: a next hop that takes another byte for
/// a line end would read commands where we read text. Content is given as views into the input, so
/// nothing is copied.
class BodyReader {
 public:
  enum class Framing {
    Dots,    ///< DATA
    Chunks,  ///< BDAT: the caller knows where it ends; dots are text
    Binary   ///< BDAT of BODY=BINARYMIME: every byte is content
  };

  BodyReader(Framing framing, LineEnds line_ends);

  struct Part {
    std::size_t used;  ///< bytes of the input that were read; 0 is possible, then call again
    std::string_view content;  ///< of them, or of a line end that was repaired; empty where refused
  };
  /// The next part; to be called until the input is used up or ended().
  Part next(std::string_view input);

  bool ended() const { return state_ == State::End; }  ///< the final dot was read
  /// BDAT LAST was read: a CR that nothing follows is a bare one. What it takes to repair it.
  std::string_view end_of_chunks();
  bool refused() const { return refused_; }  ///< a line end or NUL that is not allowed was there

 private:
  enum class State { Text, Dot, DotCr, End };

  Part decide(std::string_view input);
  Part after_dot(char c);
  Part after_dot_cr(char c);
  std::string_view repaired(std::string_view line_end);

  Framing framing_;
  LineEnds line_ends_;
  State state_ = State::Text;
  LineState line_{.after_cr = false, .at_line_start = true};
  bool refused_ = false;
};

}  // namespace outrider::smtp
