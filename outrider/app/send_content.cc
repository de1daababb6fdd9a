// What `outrider send` sends: text from people made into a message.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "outrider/app/send.h"
#include "outrider/base/clock.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace {

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n' && (at == 0 || text[at - 1] != '\r')) out += '\r';
    out += text[at];
  }
  if (!out.empty() && !out.ends_with("\r\n")) out += "\r\n";
  return out;
}

// `Name: value` in the first line is a header of the input's own.
bool has_header(std::string_view text) {
  const auto colon = text.substr(0, text.find('\n')).find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  for (const char c : text.substr(0, colon)) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

std::string own_header(const SendOptions& options) {
  const auto time = now();
  const auto from = options.from.empty() ? "postmaster@" + options.helo : options.from;
  std::string header;
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string_view, std::string>>{
           {"Date", rfc5322_date(time)},
           {"From", from},
           {"To", fmt::format("{}", fmt::join(options.to, ", "))},
           {"Subject", "test from outrider send"},
           {"Message-ID", fmt::format("<{}.{}@{}>", time.time_since_epoch().count(), ::getpid(),
                                      options.helo)}}) {
    const bool given = std::ranges::any_of(options.headers, [&](std::string_view field) {
      return istarts_with(field, name) && field.substr(name.size()).starts_with(':');
    });
    if (!given) header += fmt::format("{}: {}\r\n", name, value);
  }
  return header;
}

std::string text_of_size(std::size_t size) {
  constexpr std::string_view line =
      "The quick brown fox jumps over the lazy dog, again and again and again.\r\n";
  std::string text;
  text.reserve(size);
  while (text.size() + line.size() <= size) text += line;
  // The rest is a line of its own, or part of the last: never a CR or LF alone.
  const auto rest = size - text.size();
  if (rest >= 2) return text.append(rest - 2, 'x') + "\r\n";
  text.insert(text.size() - std::min<std::size_t>(text.size(), 2), rest, 'x');
  return text;
}

}  // namespace

std::string make_content(std::string_view input, const SendOptions& options) {
  const auto body = options.size_of ? std::string() : with_crlf(input);
  std::string fields;
  for (const auto& field : options.headers) fields += field + "\r\n";
  // What has a header is a message, and sent as it is.
  if (!has_header(body)) fields += own_header(options) + "\r\n";
  auto content = fields + body;
  // The size counts all of it; a header alone may be longer already.
  if (options.size_of && content.size() < *options.size_of)
    content += text_of_size(*options.size_of - content.size());
  return content;
}

}  // namespace outrider::app
