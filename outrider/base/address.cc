#include "outrider/base/address.h"

#include <algorithm>

#include "outrider/base/text.h"

namespace outrider {
namespace {

// atext of RFC 5322 §3.2.3, with UTF-8 by RFC 6531 §3.3.
constexpr bool is_atext(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) return true;
  if (c >= '0' && c <= '9') return true;
  if (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') return true;
  return std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

bool is_dot_string(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.contains("..")) return false;
  return std::ranges::all_of(text, [](char c) { return c == '.' || is_atext(c); });
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

bool Address::needs_smtputf8() const { return !is_ascii(local_part); }

std::string Address::text() const {
  if (is_null()) return {};
  std::string text;
  text.reserve(local_part.size() + domain.size() + 3);
  if (is_dot_string(local_part)) {
    text = local_part;
  } else {
    append_quoted(text, local_part);
  }
  if (!domain.empty()) text.append("@").append(domain);
  return text;
}

std::string Address::path() const { return "<" + text() + ">"; }

}  // namespace outrider
