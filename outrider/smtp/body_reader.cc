#include "outrider/smtp/body_reader.h"

namespace outrider::smtp {

BodyReader::BodyReader(Framing framing, LineEnds line_ends)
    : framing_(framing), line_ends_(line_ends) {}

BodyReader::Part BodyReader::next(std::string_view input) {
  if (input.empty()) return {0, {}};
  if (framing_ == Framing::Binary) return {input.size(), input};
  if (state_ == State::Dot) return after_dot(input[0]);
  if (state_ == State::DotCr) return after_dot_cr(input[0]);
  const auto dots = framing_ == Framing::Dots ? Dots::Matter : Dots::AreText;
  const auto plain = plain_length(input, line_, dots);
  if (plain == 0) return decide(input);
  return {plain, refused_ ? std::string_view() : input.substr(0, plain)};
}

// The first byte of the input is one that plain_length() stops at.
BodyReader::Part BodyReader::decide(std::string_view input) {
  const char c = input[0];
  if (c == '.' && line_.at_line_start && !line_.after_cr) {
    state_ = State::Dot;
    return {1, {}};
  }
  if (line_.after_cr) {  // a bare CR lies behind us; this byte is judged anew
    line_ = {};
    return {0, repaired("\n")};
  }
  line_ = {};
  if (c == '\n') return {1, repaired("\r\n")};
  refused_ = true;  // NUL
  return {1, {}};
}

// "." at the start of a line: the end, or a stuffed dot, which is left out.
BodyReader::Part BodyReader::after_dot(char c) {
  state_ = State::Text;
  line_ = {};
  if (c == '\r') {
    state_ = State::DotCr;
    return {1, {}};
  }
  return {0, {}};
}

BodyReader::Part BodyReader::after_dot_cr(char c) {
  if (c == '\n') {
    state_ = State::End;
    return {1, {}};
  }
  state_ = State::Text;
  line_ = {};
  return {0, repaired("\r\n")};
}

std::string_view BodyReader::end_of_chunks() {
  if (framing_ == Framing::Binary || !line_.after_cr) return {};
  line_ = {};
  return repaired("\n");
}

std::string_view BodyReader::repaired(std::string_view line_end) {
  if (line_ends_ == LineEnds::Repair && !refused_) return line_end;
  refused_ = true;
  return {};
}

}  // namespace outrider::smtp
