#include "outrider/bench/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "outrider/base/clock.h"
#include "outrider/base/text.h"

namespace outrider::bench {
namespace {

constexpr std::string_view field = "\r\nX-Outrider-Bench: ";
constexpr std::size_t usual_header = 310;  // its length with short addresses
constexpr std::size_t most_header = 64 * 1024;
constexpr std::size_t block_lines = 840;

// One block of lines, none like its neighbours; the text of a message runs round in it.
std::string make_block() {
  std::string block;
  block.reserve(block_lines * line_size);
  for (std::size_t line = 0; line < block_lines; ++line) {
    std::string text = line % 16 == 3 ? "." : line % 64 == 9 ? ".." : "";
    text += fmt::format("{:03} ", line);
    for (char letter = '!'; text.size() < line_size - 2; ++letter) {
      if (letter > '~') letter = '!';
      text += static_cast<char>('!' + (static_cast<std::size_t>(letter) + line * 7) % 94);
    }
    block += text + "\r\n";
  }
  return block;
}

const std::string& block() {
  static const std::string made = make_block();
  return made;
}

// FNV-1a: the same in each build, as source and sink need not be of one.
std::string digest_of(std::string_view numbers, std::string_view fields) {
  std::uint64_t digest = 0xcbf29ce484222325;
  for (const auto part : {numbers, fields}) {
    for (const char byte : part)
      digest = (digest ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return std::to_string(digest);
}

std::optional<Label> parse_label(std::string_view value) {
  std::array<std::uint64_t, 3> numbers{};
  for (auto& number : numbers) {
    const auto space = std::min(value.find(' '), value.size());
    const auto parsed = parse_number(value.substr(0, space));
    if (!parsed) return std::nullopt;
    number = *parsed;
    value.remove_prefix(std::min(space + 1, value.size()));
  }
  return Label{numbers[0], numbers[1], numbers[2]};
}

// From the value of the label to the end of the header, or nothing.
std::string_view own_part(std::string_view header) {
  const auto name = field.substr(2);
  if (header.starts_with(name)) return header.substr(name.size());
  const auto found = header.find(field);
  return found == header.npos ? std::string_view() : header.substr(found + field.size());
}

}  // namespace

std::uint64_t lines_for(std::size_t size) {
  return size <= usual_header ? 1 : (size - usual_header + line_size - 1) / line_size;
}

std::string make_header(const Label& label, std::string_view from, std::string_view to) {
  const auto numbers = fmt::format("{} {} {}", label.run, label.number, label.lines);
  const auto fields = fmt::format(
      "From: <{}>\r\nTo: <{}>\r\nDate: {}\r\nMessage-ID: <{}.{}@bench.invalid>\r\n"
      "Subject: message {} of a load test\r\n",
      from, to, rfc5322_date(now()), label.run, label.number, label.number);
  return fmt::format("{}{} {}\r\n{}\r\n", field.substr(2), numbers, digest_of(numbers, fields),
                     fields);
}

std::string_view text_from(const Label& label, std::uint64_t at) {
  const std::uint64_t end = label.lines * line_size;
  if (at >= end) return {};
  const std::string& lines = block();
  const auto begin = (label.number % block_lines * line_size + at) % lines.size();
  return std::string_view(lines).substr(begin, std::min<std::uint64_t>(end - at, lines.size()));
}

void Checker::take(std::string_view piece) {
  size_ += piece.size();
  if (in_text_) {
    compare(piece);
  } else {
    take_header(piece);
  }
}

void Checker::take_header(std::string_view piece) {
  const auto look_from = header_.size() < 3 ? 0 : header_.size() - 3;
  header_ += piece;
  const auto end = header_.find("\r\n\r\n", look_from);
  if (end == std::string::npos && header_.size() < most_header) return;
  in_text_ = true;
  if (end == std::string::npos) return;
  read_header(std::string_view(header_).substr(0, end + 2));
  compare(std::string_view(header_).substr(end + 4));
  header_ = {};
}

void Checker::read_header(std::string_view header) {
  const auto own = own_part(header);
  const auto line = own.substr(0, own.find("\r\n"));
  const auto space = line.rfind(' ');
  if (space == line.npos) return;
  const auto numbers = line.substr(0, space);
  label_ = parse_label(numbers);
  damaged_ = digest_of(numbers, own.substr(line.size() + 2)) != line.substr(space + 1);
}

void Checker::compare(std::string_view piece) {
  if (!label_ || damaged_) return;
  while (!piece.empty()) {
    const auto expected = text_from(*label_, at_).substr(0, piece.size());
    if (expected.empty() || !piece.starts_with(expected)) {
      damaged_ = true;
      return;
    }
    at_ += expected.size();
    piece.remove_prefix(expected.size());
  }
}

Checker::Verdict Checker::end() const {
  if (!label_) return Verdict::Unlabelled;
  return damaged_ || at_ != label_->lines * line_size ? Verdict::Damaged : Verdict::Whole;
}

}  // namespace outrider::bench
