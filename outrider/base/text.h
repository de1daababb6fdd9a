// Small tools for text that several modules need. ASCII only: mail protocols compare ASCII case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);  ///< ASCII case does not matter
bool istarts_with(std::string_view text, std::string_view prefix);
std::string_view trim(std::string_view text);  ///< without spaces and tabs at both ends

/// A decimal number without sign, all of `text`; nothing on other characters or overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// `text` for a log line or an error: control bytes, DEL, quotes, backslashes and bytes that are
/// no valid UTF-8 become \xNN; at most `limit` bytes come out, and "..." tells of a cut.
std::string printable(std::string_view text, std::size_t limit = 256);

bool is_utf8(std::string_view text);  ///< well-formed (RFC 3629)
bool is_ascii(std::string_view text);

/// The key nearest to `word` by edit distance (at most 2), or empty: for "did you mean".
std::string_view nearest(std::string_view word, const std::string_view* first, std::size_t count);

}  // namespace outrider
