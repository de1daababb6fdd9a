#include "outrider/smtp/grammar.h"

#include <algorithm>

#include "outrider/base/ip.h"
#include "outrider/base/text.h"
#include "outrider/smtp/domain_name.h"

namespace outrider::smtp {
namespace {

constexpr std::size_t longest_local_part = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t longest_path = 512;       // RFC 5321 §4.5.3.1.3 asks for at least 256

constexpr bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}
constexpr bool is_utf8_byte(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// atext of RFC 5322 §3.2.3; RFC 6531 §3.3 adds UTF-8.
constexpr bool is_atext(char c) {
  return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}
constexpr bool is_printable(char c) { return c >= ' ' && c <= '~'; }

// A local-part beyond ASCII is well-formed UTF-8 without controls or invisible signs.
bool is_fit(std::string_view local_part, Letters letters) {
  if (is_ascii(local_part)) return true;
  return letters == Letters::Utf8 && is_utf8(local_part) && is_safe_text(local_part);
}

// Dot-string = Atom *( "." Atom )
Parsed<std::string> parse_dot_string(Cursor& in) {
  const auto start = in.position();
  do {
    const auto atom = in.take_all([](char c) { return is_atext(c) || is_utf8_byte(c); });
    if (atom.empty()) return in.expected("an atom");
  } while (in.take('.'));
  return std::string(in.since(start));
}

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE
Parsed<std::string> parse_quoted_string(Cursor& in) {
  std::string text;
  while (!in.take('"')) {
    in.take('\\');
    const char c = in.peek();
    if (in.at_end() || (!is_printable(c) && !is_utf8_byte(c))) return in.expected("quoted text");
    in.take(c);
    text += c;
  }
  return text;
}

// Domain = sub-domain *( "." sub-domain ), in ASCII or, for RFC 6531, U-labels.
Parsed<std::string> parse_domain(Cursor& in, Letters letters) {
  const auto text =
      in.take_all([](char c) { return is_alnum(c) || c == '-' || c == '.' || is_utf8_byte(c); });
  auto domain = to_a_labels(text, letters == Letters::Utf8);
  if (!domain) return in.expected("a domain");
  return std::move(*domain);
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"
Parsed<std::string> parse_address_literal(Cursor& in) {
  const auto start = in.position();
  in.take_all([](char c) { return c != ']'; });
  if (!in.take(']')) return in.expected("']'");
  const auto address = IpAddress::parse_literal(in.since(start));
  if (!address) return in.expected("an address literal");
  return address->literal();
}

Parsed<std::string> parse_domain_or_literal(Cursor& in, Letters letters) {
  return in.peek() == '[' ? parse_address_literal(in) : parse_domain(in, letters);
}

// Mailbox = Local-part "@" ( Domain / address-literal )
Parsed<Address> parse_mailbox(Cursor& in, Letters letters) {
  const auto start = in.position();
  auto local_part = in.take('"') ? parse_quoted_string(in) : parse_dot_string(in);
  if (!local_part) return std::unexpected(local_part.error());
  if (local_part->empty() || local_part->size() > longest_local_part ||
      !is_fit(*local_part, letters)) {
    return std::unexpected(SyntaxError{start, "a local-part of 1 to 64 bytes"});
  }
  if (!in.take('@')) return in.expected("'@'");
  auto domain = parse_domain_or_literal(in, letters);
  if (!domain) return std::unexpected(domain.error());
  return Address{std::move(*local_part), std::move(*domain)};
}

// A-d-l = At-domain *( "," At-domain ): RFC 5321 appendix C. RFC 788 has a comma before the
// mailbox, too: `@ONE,@TWO,JOE@THREE`.
Parsed<std::string> parse_source_route(Cursor& in) {
  std::string route;
  for (;;) {
    if (!in.take('@')) return in.expected("'@'");
    auto domain = parse_domain(in, Letters::Ascii);
    if (!domain) return std::unexpected(domain.error());
    route.append(route.empty() ? "@" : ",@").append(*domain);
    if (in.take(':')) return route;
    if (!in.take(',')) return in.expected("',' or ':' in the source route");
    if (in.peek() != '@') return route;
  }
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"; the "<" has been read.
Parsed<Path> parse_path_tail(Cursor& in, Letters letters) {
  const auto start = in.position();
  Path path;
  if (in.peek() == '@') {
    auto route = parse_source_route(in);
    if (!route) return std::unexpected(route.error());
    path.route = std::move(*route);
  }
  auto mailbox = parse_mailbox(in, letters);
  if (!mailbox) return std::unexpected(mailbox.error());
  path.mailbox = std::move(*mailbox);
  if (!in.take('>')) return in.expected("'>'");
  if (in.since(start).size() >= longest_path) return in.expected("a shorter path");
  return path;
}

}  // namespace

bool Cursor::take_word(std::string_view word) {
  if (!istarts_with(rest(), word)) return false;
  at_ += word.size();
  return true;
}

// Reverse-path = Path / "<>"
Parsed<Path> parse_reverse_path(Cursor& in, Letters letters) {
  if (!in.take('<')) return in.expected("'<'");
  if (in.take('>')) return Path{};
  return parse_path_tail(in, letters);
}

Parsed<Path> parse_forward_path(Cursor& in, Letters letters) {
  if (!in.take('<')) return in.expected("'<'");
  if (Cursor ahead = in; ahead.take_word("postmaster") && ahead.take('>')) {
    in = ahead;
    return Path{{"postmaster", ""}, {}};
  }
  return parse_path_tail(in, letters);
}

Parsed<Address> parse_mailbox(std::string_view text, Letters letters) {
  Cursor in(text);
  auto mailbox = parse_mailbox(in, letters);
  if (mailbox && !in.at_end()) return in.expected("the end of the address");
  return mailbox;
}

Parsed<std::string> parse_domain_name(std::string_view text, Letters letters) {
  Cursor in(text);
  auto domain = parse_domain_or_literal(in, letters);
  if (domain && !in.at_end()) return in.expected("the end of the domain");
  return domain;
}

bool is_helo_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace outrider::smtp
