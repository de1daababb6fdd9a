#include "outrider/report/mime.h"

#include <algorithm>
#include <optional>

#include "outrider/base/text.h"

namespace outrider::report {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr int deepest = 4;
constexpr std::size_t most_parts = 100;
constexpr std::size_t line_width = 76;

std::unexpected<Error> refuse(std::string input, std::string rule) {
  return fail(Blame::Peer, std::move(input), std::move(rule), "RFC 8460 §5.3");
}

struct Entity {
  std::string type;      // media type, lower case
  std::string boundary;  // of a multipart
  std::string encoding;  // of the transfer, lower case
  std::string_view body;
};

// The next line, without its end.
std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// RFC 2045 §5.1; comments are not looked for.
std::string parameter(std::string_view value, std::string_view name) {
  while (true) {
    const auto semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return {};
    value = trim(value.substr(semicolon + 1));
    if (!istarts_with(value, name) || !trim(value.substr(name.size())).starts_with('=')) continue;
    auto text = trim(value.substr(value.find('=') + 1));
    if (!text.starts_with('"')) return std::string(trim(text.substr(0, text.find(';'))));
    text.remove_prefix(1);
    return std::string(text.substr(0, text.find('"')));
  }
}

void take_field(Entity& entity, std::string_view field) {
  const auto colon = field.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = trim(field.substr(0, colon));
  const auto value = trim(field.substr(colon + 1));
  if (iequals(name, "Content-Type")) {
    entity.type = to_lower(trim(value.substr(0, value.find(';'))));
    entity.boundary = parameter(value, "boundary");
  } else if (iequals(name, "Content-Transfer-Encoding")) {
    entity.encoding = to_lower(value);
  }
}

Entity entity_of(std::string_view text) {
  Entity entity;
  std::string field;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (line.starts_with(' ') || line.starts_with('\t')) {
      field.append(line);
      continue;
    }
    take_field(entity, field);
    field = line;
    if (line.empty()) break;
  }
  take_field(entity, field);
  entity.body = text;
  return entity;
}

std::optional<ReportPart> decoded(const Entity& entity, Result<void>& result) {
  ReportPart part;
  part.is_zipped = entity.type == "application/tlsrpt+gzip";
  const bool is_report = part.is_zipped || entity.type == "application/tlsrpt+json" ||
                         entity.type == "application/tlsrpt";
  if (!is_report) return std::nullopt;
  if (entity.encoding == "base64") {
    auto bytes = from_base64(entity.body);
    if (!bytes) result = std::unexpected(bytes.error());
    if (bytes) part.bytes = std::move(*bytes);
  } else if (entity.encoding.empty() || entity.encoding == "7bit" || entity.encoding == "8bit" ||
             entity.encoding == "binary") {
    part.bytes = entity.body;
  } else {
    result = refuse(printable(entity.encoding), "a transfer encoding that reports do not have");
  }
  if (entity.type == "application/tlsrpt") part.is_zipped = part.bytes.starts_with("\x1f\x8b");
  return part;
}

// RFC 2046 §5.1.1: the line end before a boundary belongs to the boundary.
std::string_view without_last_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::optional<ReportPart> find(std::string_view text, int level, Result<void>& result) {
  const Entity entity = entity_of(text);
  if (!entity.type.starts_with("multipart/")) return decoded(entity, result);
  if (level == deepest || entity.boundary.empty()) return std::nullopt;
  const std::string dashes = "--" + entity.boundary;
  std::string_view rest = entity.body;
  std::optional<std::size_t> begin;
  for (std::size_t parts = 0; !rest.empty() && parts < most_parts;) {
    const std::size_t at = entity.body.size() - rest.size();
    const auto line = take_line(rest);
    if (!line.starts_with(dashes)) continue;
    if (begin) {
      ++parts;
      const auto inner = without_last_line_end(entity.body.substr(*begin, at - *begin));
      auto part = find(inner, level + 1, result);
      if (part || !result) return part;
    }
    begin = entity.body.size() - rest.size();
    if (line.substr(dashes.size()).starts_with("--")) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<ReportPart> find_report_part(std::string_view mail) {
  Result<void> result;
  auto part = find(mail, 0, result);
  if (!result) return std::unexpected(result.error());
  if (!part) return refuse("mail", "no part of type application/tlsrpt+gzip or +json");
  return std::move(*part);
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  std::size_t width = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      const bool is_there = i + j < bytes.size();
      group = group << 8 | (is_there ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool is_there = i + j <= bytes.size();
      out += is_there ? letters[group >> (18 - 6 * j) & 63] : '=';
    }
    if ((width += 4) == line_width) {
      out += "\r\n";
      width = 0;
    }
  }
  return width > 0 ? out + "\r\n" : out;
}

Result<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') break;
    const auto value = letters.find(c);
    if (value == std::string_view::npos) return refuse(printable({&c, 1}), "no base64");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if ((count += 6) >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  return out;
}

}  // namespace outrider::report
