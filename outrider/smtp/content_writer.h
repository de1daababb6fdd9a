// Content on its way to a server: by DATA with dots doubled (RFC 5321 §4.5.2), or in the chunks of
// BDAT (RFC 3030). Content in which a CR or LF stands alone, or a NUL, never goes out as text: a
// server that sees a line end there would see another message (SMTP smuggling).
#pragma once

#include <string>
#include <string_view>

namespace outrider::smtp {

/// Looks at content in pieces; any cut gives the same bytes.
class ContentWriter {
 public:
  /// Appends `content` to `out` in the form of DATA. False: it has a line end other than CRLF, or
  /// a NUL; then nothing was appended, and the connection has to be given up.
  [[nodiscard]] bool data(std::string_view content, std::string& out);
  /// The line end that the content may lack, and the final dot. False: it ended with a lone CR.
  [[nodiscard]] bool end_data(std::string& out);

  /// Only looks, for BDAT where content goes as it stands. Same answers as above.
  [[nodiscard]] bool check(std::string_view content);
  [[nodiscard]] bool end_check() const { return !after_cr_; }

 private:
  template <class OnLine>
  bool scan(std::string_view content, OnLine on_line);

  bool line_start_ = true;
  bool after_cr_ = false;  // the CR itself is held back until its LF is seen
};

}  // namespace outrider::smtp
