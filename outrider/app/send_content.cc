// What `outrider send` sends: text from people made into a message.
#include <fmt/format.h>
#include <unistd.h>

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

bool has_field(std::string_view header, std::string_view name) {
  for (;;) {
    if (istarts_with(header, name) && header.substr(name.size()).starts_with(':')) return true;
    const auto end = header.find('\n');
    if (end == std::string_view::npos) return false;
    header.remove_prefix(end + 1);
  }
}

std::string text_of_size(std::size_t size) {
  constexpr std::string_view line =
      "The quick brown fox jumps over the lazy dog, again and again and again.\r\n";
  std::string text;
  text.reserve(size + line.size());
  while (text.size() < size) text += line;
  text.resize(size);
  if (size >= 2) text.replace(size - 2, 2, "\r\n");
  return text;
}

}  // namespace

std::string make_content(std::string_view input, const SendOptions& options) {
  const auto body = options.size_of ? std::string() : with_crlf(input);
  std::string_view header;
  if (has_header(body)) header = std::string_view(body).substr(0, body.find("\r\n\r\n"));
  std::string fields;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!has_field(header, name)) fields += fmt::format("{}: {}\r\n", name, value);
  };
  const auto time = now();
  add("Date", rfc5322_date(time));
  add("From", options.from.empty() ? "postmaster@" + options.helo : options.from);
  add("To", fmt::format("{}", fmt::join(options.to, ", ")));
  add("Subject", "test from outrider send");
  add("Message-ID",
      fmt::format("<{}.{}@{}>", time.time_since_epoch().count(), ::getpid(), options.helo));
  for (const auto& field : options.headers) fields += field + "\r\n";
  if (header.empty()) fields += "\r\n";
  auto content = fields + body;
  // The size counts all of it; a header alone may be longer already.
  if (options.size_of && content.size() < *options.size_of)
    content += text_of_size(*options.size_of - content.size());
  return content;
}

}  // namespace outrider::app
