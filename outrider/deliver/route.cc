#include "outrider/deliver/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::deliver {
namespace {

using Kind = Route::Kind;

struct Scheme {
  std::string_view name;
  Kind kind;
  std::uint16_t port;
  bool mx_lookup;
};
constexpr std::array schemes{
    Scheme{"smtp://", Kind::Smtp, 25, true},
    Scheme{"smtps://", Kind::Smtps, 465, true},
    Scheme{"lmtp://", Kind::Lmtp, 24, false},
};
constexpr std::string_view unix_scheme = "lmtp:unix:";
constexpr std::string_view maildir_scheme = "maildir:";
constexpr std::string_view tls_reports = "tls-reports";
constexpr std::string_view error_scheme = "error:";
constexpr std::string_view tls_key = "?tls=";
constexpr std::array<std::string_view, 3> placeholders{"{user}", "{domain}", "{local_part}"};
constexpr std::size_t longest_socket_path = 107;  // sockaddr_un
constexpr std::size_t longest_file_name = 255;
constexpr std::size_t longest_words = 400;

std::unexpected<Error> refuse(std::string_view text, std::string rule) {
  return fail(Blame::Operator, fmt::format("route \"{}\"", printable(text)), std::move(rule));
}

bool is_host_character(char c) {
  c = ascii_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// Empty where the name is good.
std::string_view fault_of_name(std::string_view name) {
  if (name.empty()) return "a host is missing";
  if (!is_ascii(name)) return "a host is written with A-labels (xn--...)";
  if (name.size() > 253) return "a host name has at most 253 characters";
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return "a host name has no empty labels";
      label = 0;
    } else if (!is_host_character(c)) {
      return "a host name has letters, digits, '-' and '.' only";
    } else if (++label > 63) {
      return "a label of a host name has at most 63 characters";
    }
  }
  return label == 0 ? "a host name has no empty labels" : "";
}

// Takes the host off `rest`, with its brackets; what stays is empty or begins with ':'.
std::string_view take_host(std::string_view& rest) {
  auto end = rest.find(rest.starts_with('[') ? ']' : ':');
  if (end == std::string_view::npos) {
    end = rest.size();
  } else if (rest[end] == ']') {
    ++end;
  }
  const auto host = rest.substr(0, end);
  rest.remove_prefix(end);
  return host;
}

std::string_view set_host(Route& route, std::string_view host) {
  const bool bracketed = host.starts_with('[');
  if (bracketed) {
    if (!host.ends_with(']')) return "']' is missing";
    host = host.substr(1, host.size() - 2);
    route.mx_lookup = false;
    if (istarts_with(host, "IPv6:")) host.remove_prefix(5);
  }
  route.address = IpAddress::parse(host);
  if (route.address) {
    route.mx_lookup = false;
    return "";
  }
  route.host = to_lower(host);
  return fault_of_name(host);
}

std::string_view set_port(Route& route, std::string_view text) {
  if (text.empty()) return "";
  const auto port = parse_number(text.substr(1));
  if (text.front() != ':' || !port || *port == 0 || *port > 65535) {
    return "after the host comes nothing or a port, 1 to 65535; IPv6 addresses stand in brackets";
  }
  route.port = static_cast<std::uint16_t>(*port);
  return "";
}

Result<Route> parse_network(std::string_view whole, const Scheme& scheme, std::string_view rest) {
  Route route;
  route.kind = scheme.kind;
  route.port = scheme.port;
  route.mx_lookup = scheme.mx_lookup;
  auto fault = set_host(route, take_host(rest));
  if (fault.empty()) fault = set_port(route, rest);
  if (!fault.empty()) return refuse(whole, std::string(fault));
  return route;
}

// Without `//` and without `.` or `..` between slashes.
bool is_plain_path(std::string_view path) {
  if (!path.starts_with('/') || path.contains('\0')) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(part.size());
  }
  return true;
}

Result<Route> parse_socket(std::string_view whole, std::string_view path) {
  if (!is_plain_path(path)) return refuse(whole, "a socket's path is absolute, without '.', '..'");
  if (path.size() > longest_socket_path) return refuse(whole, "a socket's path has <= 107 bytes");
  Route route;
  route.kind = Kind::Lmtp;
  route.port = 0;
  route.mx_lookup = false;
  route.socket = path;
  return route;
}

Result<Route> parse_maildir(std::string_view whole, std::string_view path) {
  if (!is_plain_path(path)) return refuse(whole, "a Maildir's path is absolute, without '.', '..'");
  for (auto rest = path; !rest.empty();) {
    const auto open = rest.find_first_of("{}");
    if (open == std::string_view::npos) break;
    rest.remove_prefix(open);
    const auto* known = std::ranges::find_if(
        placeholders, [&](std::string_view word) { return rest.starts_with(word); });
    if (known == placeholders.end()) {
      return refuse(whole, "placeholders are {user}, {domain} and {local_part}");
    }
    rest.remove_prefix(known->size());
  }
  Route route;
  route.kind = Kind::Maildir;
  route.port = 0;
  route.mx_lookup = false;
  route.maildir = path;
  return route;
}

std::string_view take_word(std::string_view& text) {
  const auto word = text.substr(0, text.find(' '));
  text = trim(text.substr(word.size()));
  return word;
}

// status-code = class "." subject "." detail, RFC 3463 §2; the class is the reply code's.
bool is_status(std::string_view word, char klass) {
  if (word.size() < 5 || word[0] != klass || word[1] != '.') return false;
  const auto dot = word.find('.', 2);
  if (dot == std::string_view::npos) return false;
  const auto subject = word.substr(2, dot - 2);
  const auto detail = word.substr(dot + 1);
  return subject.size() <= 3 && detail.size() <= 3 && parse_number(subject) && parse_number(detail);
}

bool begins_like_status(std::string_view word) {
  return word.size() > 1 && word[0] >= '0' && word[0] <= '9' && word[1] == '.';
}

Result<Route> parse_error(std::string_view whole, std::string_view rest) {
  rest = trim(rest);
  const auto code_word = take_word(rest);
  const auto code = parse_number(code_word);
  if (code_word.size() != 3 || !code || *code < 400 || *code > 599) {
    return refuse(whole, "after \"error:\" comes a reply code, 400 to 599 (RFC 5321 §4.2)");
  }
  std::string status = code_word[0] == '4' ? "4.0.0" : "5.0.0";
  if (auto ahead = rest; begins_like_status(rest)) {
    const auto word = take_word(ahead);
    if (!is_status(word, code_word[0])) {
      return refuse(whole, "the status begins as the reply code and has three parts (RFC 3463)");
    }
    status = word;
    rest = ahead;
  }
  if (rest.empty()) return refuse(whole, "words for the sender are missing");
  if (rest.size() > longest_words || printable(rest, longest_words) != rest) {
    return refuse(whole, "the words are at most 400 bytes of printable text");
  }
  Route route;
  route.kind = Kind::Error;
  route.port = 0;
  route.mx_lookup = false;
  route.reply = smtp::Reply(static_cast<int>(*code), status, std::string(rest));
  return route;
}

Result<Route> parse_connecting(std::string_view whole, std::string_view text) {
  if (text == "mx") return Route{};
  for (const auto& scheme : schemes) {
    if (text.starts_with(scheme.name)) {
      return parse_network(whole, scheme, text.substr(scheme.name.size()));
    }
  }
  return refuse(
      whole,
      "a route is mx, smtp://, smtps://, lmtp://, lmtp:unix:, maildir:, discard, tls-reports, "
      "error:");
}

std::string host_text(const Route& route) {
  if (route.address) return '[' + route.address->text() + ']';
  if (!route.mx_lookup && route.kind != Kind::Lmtp) return '[' + route.host + ']';
  return route.host;
}

std::string bare_text(const Route& route) {
  switch (route.kind) {
    case Kind::Mx: return "mx";
    case Kind::Discard: return "discard";
    case Kind::TlsReports: return std::string(tls_reports);
    case Kind::Maildir: return fmt::format("{}{}", maildir_scheme, route.maildir);
    case Kind::Error:
      return fmt::format("{}{} {} {}", error_scheme, route.reply.code, route.reply.status,
                         route.reply.text);
    default: break;
  }
  if (!route.socket.empty()) return fmt::format("{}{}", unix_scheme, route.socket);
  const auto* scheme = std::ranges::find(schemes, route.kind, &Scheme::kind);
  return fmt::format("{}{}:{}", scheme->name, host_text(route), route.port);
}

// Why a value may not be a folder's name; empty where it may.
std::string_view fault_of_folder(std::string_view value) {
  if (value.empty()) return "it is empty";
  if (value.size() > longest_file_name) return "it is longer than 255 bytes";
  if (value.front() == '.') return "it begins with a dot";
  if (value.contains('/')) return "it has a slash";
  if (!is_utf8(value)) return "it is no UTF-8";
  if (std::ranges::any_of(value, [](unsigned char c) { return c < ' ' || c == 0x7F; })) {
    return "it has a control byte";
  }
  return "";
}

std::string_view value_of(std::string_view placeholder, const Route& route,
                          const Address& recipient) {
  if (placeholder == "{domain}") return recipient.domain;
  std::string_view local = recipient.local_part;
  if (placeholder == "{local_part}" || route.recipient_delimiter.empty()) return local;
  return local.substr(0, local.find(route.recipient_delimiter));
}

}  // namespace

std::string Route::text() const {
  auto text = bare_text(*this);
  if (tls) text.append(tls_key).append(trust::name(*tls));
  return text;
}

Result<Route> parse_route(std::string_view whole) {
  auto text = whole;
  if (text == "discard" || text == tls_reports) {
    Route route;
    route.kind = text == tls_reports ? Kind::TlsReports : Kind::Discard;
    route.port = 0;
    route.mx_lookup = false;
    return route;
  }
  if (text.starts_with(unix_scheme)) return parse_socket(whole, text.substr(unix_scheme.size()));
  if (text.starts_with(maildir_scheme)) {
    return parse_maildir(whole, text.substr(maildir_scheme.size()));
  }
  if (text.starts_with(error_scheme)) return parse_error(whole, text.substr(error_scheme.size()));
  const trust::Level* level = nullptr;
  if (const auto at = text.find('?'); at != std::string_view::npos) {
    const auto query = text.substr(at);
    if (query.starts_with(tls_key)) level = trust::level_named(query.substr(tls_key.size()));
    if (level == nullptr) {
      return refuse(whole, "after '?' comes tls=none, opportunistic, encrypt or verify");
    }
    text = text.substr(0, at);
  }
  auto route = parse_connecting(whole, text);
  if (route && level != nullptr) route->tls = *level;
  return route;
}

Result<std::string> maildir_path(const Route& route, const Address& recipient) {
  std::string path;
  for (std::string_view rest = route.maildir; !rest.empty();) {
    const auto open = std::min(rest.find('{'), rest.size());
    path.append(rest.substr(0, open));
    rest.remove_prefix(open);
    if (rest.empty()) break;
    const auto placeholder = rest.substr(0, rest.find('}') + 1);
    const auto value = value_of(placeholder, route, recipient);
    if (const auto fault = fault_of_folder(value); !fault.empty()) {
      return fail(Blame::Peer,
                  fmt::format("{} of <{}> cannot name a folder: {}", placeholder,
                              printable(recipient.text()), fault),
                  "safe names of Maildirs");
    }
    path.append(value);
    rest.remove_prefix(placeholder.size());
  }
  return path;
}

}  // namespace outrider::deliver
