#include "outrider/deliver/routes.h"

#include <fmt/format.h>

#include <utility>

#include "outrider/base/text.h"

namespace outrider::deliver {
namespace {

constexpr std::string_view tls_key = "?tls=";
constexpr std::string_view delimiter_key = "?delimiter=";
constexpr std::string_view discard_key = "discard:";

std::unexpected<Error> refuse(std::string_view pattern, std::string rule) {
  return fail(Blame::Operator, fmt::format("route for \"{}\"", printable(pattern)),
              std::move(rule));
}

// Enough to catch a slip of the pen: whether the domain exists is not asked here.
bool is_domain(std::string_view text) {
  if (IpAddress::parse_literal(text)) return true;
  if (text.empty() || text.size() > 255 || !is_ascii(text)) return false;
  if (text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  return text.find_first_of(" \t\r\n@[]<>,;:\"\\/*?()") == std::string_view::npos;
}

std::string folded(std::string_view local_part, std::string_view domain) {
  std::string key;
  key.reserve(local_part.size() + 1 + domain.size());
  for (const char c : local_part) key += ascii_lower(c);
  return key.append("@").append(domain);
}

std::string marked(std::string key, const Route& route) {
  if (const auto mark = route.profile.mark(); !mark.empty()) key.append("#").append(mark);
  return key;
}

// Only of what connects; the words of an error may have any form.
std::size_t begin_of_mark(std::string_view key) {
  constexpr std::size_t digits = 16;
  const auto cut = key.rfind('#');
  if (cut == key.npos || key.size() - cut != digits + 1) return key.size();
  const bool is_mark = key.find_first_not_of("0123456789abcdef", cut + 1) == key.npos;
  const bool is_text = key.starts_with("maildir:") || key.starts_with("error:");
  return is_mark && !is_text ? cut : key.size();
}

// Always with a colon, so that no domain has the same key.
std::string key_of(const Route& route) {
  switch (route.kind) {
    case Route::Kind::Mx: return {};
    case Route::Kind::Discard: return std::string(discard_key);
    case Route::Kind::Maildir:
      // The same template cut elsewhere is another set of folders.
      return route.text().append(delimiter_key).append(route.recipient_delimiter);
    default: return marked(route.text(), route);
  }
}

bool is_domain_key(std::string_view key) { return key.starts_with('[') || !key.contains(':'); }

// Of a key that was made before a reload.
Route route_as_told(std::string_view key) {
  auto text = key == discard_key ? key.substr(0, key.size() - 1) : key;
  const auto cut = key.starts_with("maildir:") ? key.rfind(delimiter_key) : std::string_view::npos;
  auto route = parse_route(text.substr(0, cut));
  if (route) {
    if (cut != std::string_view::npos) {
      route->recipient_delimiter = key.substr(cut + delimiter_key.size());
    }
    return std::move(*route);
  }
  Route none;
  none.kind = Route::Kind::Error;
  none.reply = smtp::Reply(451, "4.3.5", fmt::format("no route is written {}", printable(key)));
  return none;
}

}  // namespace

Result<void> Routes::add(std::string_view pattern, Route route) {
  std::string key = key_of(route);
  if (pattern == "*") {
    if (std::exchange(rest_given_, true)) return refuse(pattern, "a pattern stands only once");
    learn(key, route);
    rest_ = Entry{std::move(route), std::move(key)};
    return {};
  }
  Table* table = &domains_;
  std::string name = to_lower(pattern);
  std::string_view domain = name;
  if (const auto at = name.rfind('@'); at != std::string::npos) {
    table = &addresses_;
    domain.remove_prefix(at + 1);
    if (at == 0) domain = {};
  } else if (name.starts_with('.')) {
    table = &suffixes_;
    domain.remove_prefix(1);
  }
  if (!is_domain(domain)) {
    return refuse(pattern,
                  "a pattern is user@domain, domain, .domain or *; domains in ASCII (xn--...)");
  }
  if (table->contains(name)) return refuse(pattern, "a pattern stands only once");
  learn(key, route);
  table->try_emplace(std::move(name), std::move(route), std::move(key));
  return {};
}

void Routes::learn(const std::string& key, const Route& route) {
  if (!key.empty()) by_key_.try_emplace(key, route);
  const auto mark = route.profile.mark();
  if (key.empty() && !mark.empty()) by_mark_.try_emplace(mark, route.profile);
}

const Routes::Entry& Routes::find(const Address& recipient) const {
  if (!addresses_.empty()) {
    const auto found = addresses_.find(folded(recipient.local_part, recipient.domain));
    if (found != addresses_.end()) return found->second;
  }
  const std::string_view domain = recipient.domain;
  if (const auto found = domains_.find(domain); found != domains_.end()) return found->second;
  const auto* suffix = find_suffix(domain);
  return suffix != nullptr ? *suffix : rest_;
}

const Routes::Entry* Routes::find_suffix(std::string_view domain) const {
  if (suffixes_.empty()) return nullptr;
  for (auto dot = domain.find('.'); dot != std::string_view::npos;
       dot = domain.find('.', dot + 1)) {
    const auto found = suffixes_.find(domain.substr(dot));
    if (found != suffixes_.end()) return &found->second;
  }
  return nullptr;
}

std::string Routes::key_for(const Address& recipient) const {
  const auto& entry = find(recipient);
  if (!entry.key.empty()) return entry.key;
  std::string key = recipient.domain;
  if (entry.route.tls) key.append(tls_key).append(trust::name(*entry.route.tls));
  return marked(std::move(key), entry.route);
}

Destination Routes::destination(std::string_view key) const {
  Destination destination{std::string(key), {}, {}};
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    destination.route = found->second;
    return destination;
  }
  // Of a route that is not configured any more; or of MX, where the mark is all that tells it.
  const auto cut = begin_of_mark(key);
  if (cut < key.size() && is_domain_key(key)) {
    const auto known = by_mark_.find(key.substr(cut + 1));
    if (known != by_mark_.end()) destination.route.profile = known->second;
  }
  key = key.substr(0, cut);
  if (is_domain_key(key)) {
    const auto query = key.find(tls_key);
    destination.domain = key.substr(0, query);
    if (query != std::string_view::npos) {
      const auto* level = trust::level_named(key.substr(query + tls_key.size()));
      if (level != nullptr) destination.route.tls = *level;
    }
  } else {
    destination.route = route_as_told(key);
  }
  return destination;
}

}  // namespace outrider::deliver
