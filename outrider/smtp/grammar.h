// The grammar of SMTP's arguments, production by production. RFC 5321 §4.1.2 and §4.1.3, with
// UTF-8 by RFC 6531 §3.3.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "outrider/base/address.h"

namespace outrider::smtp {

/// Where the text stopped being what the grammar asks for, and what it asked for.
struct SyntaxError {
  std::size_t offset;
  std::string_view expected;

  bool operator==(const SyntaxError&) const = default;
};

template <class T>
using Parsed = std::expected<T, SyntaxError>;

/// A place in a text. Grammar functions take it by reference and leave it behind what they read.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ == text_.size(); }
  std::size_t position() const { return at_; }
  std::string_view since(std::size_t start) const { return text_.substr(start, at_ - start); }
  std::string_view rest() const { return text_.substr(at_); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word);  ///< ASCII case does not matter
  template <class Class>
  std::string_view take_all(Class in_class) {
    const auto start = at_;
    while (!at_end() && in_class(text_[at_])) ++at_;
    return since(start);
  }
  std::unexpected<SyntaxError> expected(std::string_view what) const {
    return std::unexpected(SyntaxError{at_, what});
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

enum class Letters { Ascii, Utf8 };

/// A mailbox, and how to get there: `<@one,@two:user@three>` (RFC 5321 appendix C), or the form of
/// RFC 788, `<@one,@two,user@three>`.
struct Path {
  Address mailbox;
  std::string route;  ///< `@one,@two` in lower case; empty: none

  bool operator==(const Path&) const = default;
};

/// `<>` or a path.
Parsed<Path> parse_reverse_path(Cursor& in, Letters letters);
/// A path, or `<Postmaster>` (RFC 5321 §4.1.1.3).
Parsed<Path> parse_forward_path(Cursor& in, Letters letters);
/// `local@domain` without brackets, all of the text: for configuration files and commands.
Parsed<Address> parse_mailbox(std::string_view text, Letters letters);
/// A domain or an address literal, in the form Address::domain has; all of the text.
Parsed<std::string> parse_domain_name(std::string_view text, Letters letters);
/// The argument of EHLO and HELO: printable, without spaces. What else it should be is not
/// enforced (RFC 5321 §4.1.4: a server must not refuse mail for it).
bool is_helo_name(std::string_view text);

}  // namespace outrider::smtp
