#include "outrider/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace outrider {
namespace {

// The length of the well-formed UTF-8 sequence that text begins with, or 0 (RFC 3629 §4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto tail = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xBF) {
    return at < text.size() && byte(at) >= low && byte(at) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_hex(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// C1 controls (U+0080 to U+009F) move a terminal's cursor as C0 ones do.
bool is_c1(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xC2' &&
         static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ascii_lower(c);
  return lower;
}

bool iequals(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

bool istarts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  out.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    const auto length = utf8_length(text);
    const auto part = text.substr(0, std::max<std::size_t>(length, 1));
    const auto first = static_cast<unsigned char>(part[0]);
    const bool plain = length > 0 && first >= 0x20 && first != 0x7F && first != '"' &&
                       first != '\\' && !is_c1(part);
    if (out.size() + (plain ? part.size() : 4 * part.size()) > limit) return out + "...";
    if (plain) {
      out += part;
    } else {
      for (const char c : part) append_hex(out, static_cast<unsigned char>(c));
    }
    text.remove_prefix(part.size());
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

std::string_view nearest(std::string_view word, const std::string_view* first, std::size_t count) {
  constexpr std::size_t longest = 48;
  if (word.size() > longest) return {};
  std::string_view best;
  std::size_t least = 3;
  for (std::size_t i = 0; i < count; ++i) {
    const auto candidate = first[i];
    std::array<std::size_t, longest + 1> row{};
    for (std::size_t x = 0; x <= word.size(); ++x) row[x] = x;
    for (std::size_t y = 1; y <= candidate.size(); ++y) {
      std::size_t diagonal = std::exchange(row[0], y);
      for (std::size_t x = 1; x <= word.size(); ++x) {
        const auto replaced = diagonal + (word[x - 1] != candidate[y - 1]);
        diagonal = std::exchange(row[x], std::min({replaced, row[x] + 1, row[x - 1] + 1}));
      }
    }
    if (row[word.size()] < least) {
      least = row[word.size()];
      best = candidate;
    }
  }
  return best;
}

}  // namespace outrider
