#include "outrider/report/rua.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "outrider/base/text.h"
#include "outrider/fetch/url.h"

namespace outrider::report {
namespace {

constexpr std::string_view version = "v=TLSRPTv1";
constexpr std::size_t most_targets = 3;

// RFC 3986 §2.1. Nothing: not well-formed.
std::optional<std::string> decoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = digits.find(ascii_lower(text[i + 1]));
    const auto low = digits.find(ascii_lower(text[i + 2]));
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("<>()[]:;,\\\"@").contains(c);
  });
}

std::optional<ReportTarget> target_of(std::string_view uri) {
  if (istarts_with(uri, "mailto:")) {
    const auto text = decoded(uri.substr(
        7, uri.find('?') == std::string_view::npos ? std::string_view::npos : uri.find('?') - 7));
    const auto at = text ? text->rfind('@') : std::string::npos;
    if (at == std::string::npos || text->size() > 254) return std::nullopt;
    ReportTarget target{{text->substr(0, at), to_lower(text->substr(at + 1))}, {}};
    const bool is_plain = is_word(target.mail.local_part) && is_word(target.mail.domain);
    return is_plain ? std::optional(std::move(target)) : std::nullopt;
  }
  if (const auto url = fetch::parse_url(uri)) return ReportTarget{{}, url->text};
  return std::nullopt;
}

bool is_ours(std::string_view text) {
  if (!text.starts_with(version)) return false;
  const auto rest = trim(text.substr(version.size()));
  return rest.starts_with(';');
}

}  // namespace

std::vector<ReportTarget> report_targets(const std::vector<std::string>& texts) {
  std::vector<ReportTarget> targets;
  if (std::ranges::count_if(texts, is_ours) != 1) return targets;
  std::string_view rest = *std::ranges::find_if(texts, is_ours);
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto field = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || trim(field.substr(0, equals)) != "rua") continue;
    auto uris = field.substr(equals + 1);
    while (!uris.empty() && targets.size() < most_targets) {
      const auto comma = std::min(uris.find(','), uris.size());
      auto target = target_of(trim(uris.substr(0, comma)));
      uris.remove_prefix(std::min(comma + 1, uris.size()));
      if (target && std::ranges::find(targets, *target) == targets.end()) {
        targets.push_back(std::move(*target));
      }
    }
  }
  return targets;
}

}  // namespace outrider::report
