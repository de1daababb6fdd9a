#include "outrider/smtp/domain_name.h"

#include <idn2.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "outrider/base/text.h"

namespace outrider::smtp {
namespace {

constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > longest_label) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(
      label, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_domain(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  for (;;) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::optional<std::string> convert(const std::string& domain) {
  uint8_t* out = nullptr;
  const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
  const int result = idn2_lookup_u8(reinterpret_cast<const uint8_t*>(domain.c_str()), &out, flags);
  const std::unique_ptr<uint8_t, void (*)(void*)> owned(out, idn2_free);
  if (result != IDN2_OK) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(out));
}

// The code point that well-formed `text` begins with, taken off its front.
std::uint32_t take_code_point(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t point = length == 1 ? first : first & (0xFF >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) point = point << 6 | (text[at] & 0x3F);
  text.remove_prefix(length);
  return point;
}

// Controls, format characters that hide or turn text, non-characters, tags.
bool is_unsafe(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xAD ||
         (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF ||
         (point >= 0xFFF0 && point <= 0xFFFF) || (point >= 0xFDD0 && point <= 0xFDEF) ||
         point >= 0xE0000;
}

}  // namespace

std::optional<std::string> to_a_labels(std::string_view domain, bool utf8) {
  auto name = to_lower(domain);
  if (!is_ascii(domain)) {
    if (!utf8 || !is_utf8(domain) || domain.size() > 4 * longest_name) return std::nullopt;
    if (!is_safe_text(domain)) return std::nullopt;
    auto converted = convert(name);
    // The mapping of UTS 46 turns some signs into dots: nobody means two labels by one.
    if (!converted || std::ranges::count(*converted, '.') != std::ranges::count(name, '.')) {
      return std::nullopt;
    }
    name = to_lower(*converted);
  }
  if (!is_domain(name)) return std::nullopt;
  return name;
}

bool is_safe_text(std::string_view text) {
  while (!text.empty()) {
    if (is_unsafe(take_code_point(text))) return false;
  }
  return true;
}

}  // namespace outrider::smtp
