#include "outrider/smtp/xtext.h"

namespace outrider::smtp {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

constexpr bool is_xchar(char c) { return c > ' ' && c < 127 && c != '+' && c != '='; }

}  // namespace

std::string to_xtext(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_xchar(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '+';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::optional<std::string> from_xtext(std::string_view xtext) {
  std::string out;
  out.reserve(xtext.size());
  for (std::size_t at = 0; at < xtext.size(); ++at) {
    if (is_xchar(xtext[at])) {
      out += xtext[at];
      continue;
    }
    if (xtext[at] != '+' || at + 2 >= xtext.size()) return std::nullopt;
    const auto high = digits.find(xtext[at + 1]);
    const auto low = digits.find(xtext[at + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    const auto byte = static_cast<unsigned char>(high << 4 | low);
    if (byte < ' ' || byte > 126) return std::nullopt;
    out += static_cast<char>(byte);
    at += 2;
  }
  return out;
}

}  // namespace outrider::smtp
