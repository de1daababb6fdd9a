#include "outrider/receive/aliases.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "outrider/base/ip.h"
#include "outrider/base/text.h"

namespace outrider::receive {
namespace {

constexpr std::string_view grammar = "aliases(5)";
constexpr std::size_t longest_local_part = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t longest_domain = 255;     // RFC 5321 §4.5.3.1.2

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > longest_domain) return false;
  if (text.front() == '[') return IpAddress::parse_literal(text).has_value();
  if (text.front() == '.' || text.back() == '.') return false;
  char before = '.';
  for (const char c : text) {
    const char lower = ascii_lower(c);
    const bool letter = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!letter && c != '-' && c != '.') return false;
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return true;
}

bool is_local_part(std::string_view text) {
  if (text.empty() || text.size() > longest_local_part || !is_utf8(text)) return false;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
  if (std::ranges::any_of(text, is_control)) return false;
  return text.find_first_of(" \t\"\\,:;<>()@[]") == text.npos;
}

/// Takes `"..."` off the front of `text`; false where the closing quote is missing.
bool take_quoted(std::string_view& text, std::string& content) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return !content.empty() && content.size() <= longest_local_part && is_utf8(content);
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    if (static_cast<unsigned char>(text[i]) < ' ' || text[i] == 127) break;
    content += text[i];
  }
  return false;
}

/// The end of what begins at `from`: the first `mark` outside quotes, or the end of the text.
std::size_t find_unquoted(std::string_view text, char mark, std::size_t from = 0) {
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && text[i] == mark) return i;
  }
  return text.size();
}

/// One logical line: `name: target, target`, continuation lines joined.
struct Entry {
  std::string text;
  std::size_t line = 0;
};

class Parser {
 public:
  Parser(std::string_view file, bool case_sensitive) : file_(file), exact_(case_sensitive) {}

  Result<Alias> targets(std::string_view list, std::size_t line) const {
    Alias alias;
    alias.place = place(line);
    for (std::size_t begin = 0; begin <= list.size();) {
      const std::size_t end = find_unquoted(list, ',', begin);
      const std::string_view one = trim(list.substr(begin, end - begin));
      begin = end + 1;
      if (one.empty()) continue;
      Result<Address> address = target(one, line);
      if (!address) return std::unexpected(address.error());
      alias.targets.push_back(std::move(*address));
    }
    if (alias.targets.empty()) return wrong("an alias without any target", line);
    return alias;
  }

  Result<std::string> name(std::string_view text, std::size_t line) const {
    Address address;
    if (!parse_alias_address(text, address) || !address.domain.empty())
      return wrong(fmt::format("`{}` is no alias name", printable(text, 80)), line);
    return exact_ ? address.local_part : to_lower(address.local_part);
  }

  std::unexpected<Error> wrong(std::string input, std::size_t line) const {
    return fail(Blame::Operator, std::move(input), std::string(grammar), place(line));
  }

 private:
  Result<Address> target(std::string_view text, std::size_t line) const {
    const std::string shown = printable(text, 80);
    if (text.front() == '|' || text.starts_with("\"|"))
      return wrong(fmt::format("`{}`: programs are not run from aliases", shown), line);
    if (text.front() == '/' || text.starts_with("\"/"))
      return wrong(fmt::format("`{}`: aliases do not deliver to files", shown), line);
    if (istarts_with(text, ":include:"))
      return wrong(fmt::format("`{}`: lists are not included; name their members", shown), line);
    Address address;
    if (!parse_alias_address(text, address))
      return wrong(fmt::format("`{}` is no address", shown), line);
    return address;
  }

  std::string place(std::size_t line) const { return fmt::format("{}:{}", file_, line); }

  std::string_view file_;
  bool exact_;
};

/// Lines without comments, continued ones joined. An error's line is the entry's first.
std::optional<std::size_t> read_entries(std::string_view text, std::vector<Entry>& entries) {
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool continues = line.starts_with(' ') || line.starts_with('\t');
    line = trim(line.substr(0, find_unquoted(line, '#')));
    if (line.empty()) continue;
    if (!continues) {
      entries.push_back({std::string(line), number});
    } else if (entries.empty()) {
      return number;
    } else {
      entries.back().text.append(" ").append(line);
    }
  }
  return std::nullopt;
}

}  // namespace

bool parse_alias_address(std::string_view text, Address& address) {
  text = trim(text);
  std::string_view rest = text;
  if (text.starts_with('"')) {
    if (!take_quoted(rest, address.local_part)) return false;
  } else {
    const std::size_t at = std::min(text.rfind('@'), text.size());
    if (!is_local_part(text.substr(0, at))) return false;
    address.local_part = text.substr(0, at);
    rest = text.substr(at);
  }
  if (rest.empty()) return true;
  if (rest.front() != '@' || !is_domain(rest.substr(1))) return false;
  const std::string_view domain = rest.substr(1);
  address.domain =
      domain.front() == '[' ? IpAddress::parse_literal(domain)->literal() : to_lower(domain);
  return true;
}

Result<Aliases> Aliases::parse(std::string_view text, std::string_view file, bool case_sensitive) {
  const Parser parser(file, case_sensitive);
  std::vector<Entry> entries;
  if (const auto line = read_entries(text, entries))
    return parser.wrong("a continuation line without an alias before it", *line);
  Aliases aliases;
  for (const Entry& entry : entries) {
    const std::size_t colon = find_unquoted(entry.text, ':');
    if (colon == entry.text.size())
      return parser.wrong(fmt::format("`{}` has no colon", printable(entry.text, 80)), entry.line);
    const std::string_view whole = entry.text;
    Result<std::string> name = parser.name(whole.substr(0, colon), entry.line);
    if (!name) return std::unexpected(name.error());
    Result<Alias> alias = parser.targets(whole.substr(colon + 1), entry.line);
    if (!alias) return std::unexpected(alias.error());
    const auto [at, is_new] = aliases.aliases_.try_emplace(*name, std::move(*alias));
    if (!is_new)
      return parser.wrong(
          fmt::format("`{}` stands at {} already", printable(*name, 80), at->second.place),
          entry.line);
  }
  return aliases;
}

const Alias* Aliases::find(std::string_view folded_name) const {
  const auto at = aliases_.find(folded_name);
  return at == aliases_.end() ? nullptr : &at->second;
}

}  // namespace outrider::receive
