// A server's replies, read strictly and within bounds: RFC 5321 §4.2, enhanced status codes by
// RFC 2034. Each byte is looked at once and no cut of the input changes what comes out. Whatever is
// not a reply ends the conversation: a client that guesses can be made to believe in a delivery.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "outrider/smtp/reply.h"

namespace outrider::smtp {

class ReplyParser {
 public:
  /// Bounds in bytes with line ends: of one line, and of one reply with all its lines.
  ReplyParser(std::size_t line_bound, std::size_t total_bound)
      : line_bound_(line_bound), total_bound_(total_bound) {}

  /// Reads up to the end of one reply, and says how many bytes that took. Takes nothing when a
  /// reply is complete or the parser is broken.
  std::size_t read(std::string_view bytes);

  bool complete() const { return complete_; }
  bool broken() const { return !why_.empty(); }
  bool inside() const { return total_ > 0; }  ///< a reply has begun
  /// Which rule was broken: `reply line longer than 2048 bytes`.
  const std::string& why() const { return why_; }

  /// The complete reply; the next one may begin. Its text has no control bytes (they are written
  /// as \xNN) and is valid UTF-8. The status is empty where there was none of the code's class.
  Reply take();

 private:
  void take_byte(char c);
  void take_digit(char c);
  void take_separator(char c);
  void end_line();
  void fail(std::string why);

  std::size_t line_bound_;
  std::size_t total_bound_;
  std::size_t total_ = 0;
  std::size_t column_ = 0;  // within the line
  int code_ = 0;            // of the first line
  int line_code_ = 0;
  bool first_line_ = true;
  bool last_line_ = false;
  bool after_cr_ = false;
  bool complete_ = false;
  std::string text_;
  std::size_t line_start_ = 0;  // in text_
  std::string status_;
  std::string why_;
};

}  // namespace outrider::smtp
