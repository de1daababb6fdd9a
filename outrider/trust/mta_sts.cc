#include "outrider/trust/mta_sts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::trust {
namespace {

constexpr std::size_t most_bytes = 64 << 10;           // RFC 8461 §3.3
constexpr std::uint64_t longest_max_age = 31'557'600;  // §3.2
constexpr std::size_t longest_id = 32, longest_key = 32, longest_domain = 255, longest_label = 63;
constexpr std::array<std::string_view, 3> modes{"none", "testing", "enforce"};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= longest_key && is_alphanumeric(key.front()) &&
         std::ranges::all_of(
             key, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= longest_label && label.front() != '-' &&
         label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

// RFC 5321 §4.1.2, A-labels alone (RFC 8461 §3.2).
bool is_domain(std::string_view domain) {
  if (domain.size() > longest_domain) return false;
  for (;;) {
    const auto dot = domain.find('.');
    if (!is_label(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool is_pattern(std::string_view pattern) {
  return is_domain(pattern.starts_with("*.") ? pattern.substr(2) : pattern);
}

// §3.1: sts-ext-value, of which sts-id is a narrower form.
bool is_field(std::string_view field) {
  const auto equals = field.find('=');
  if (equals == std::string_view::npos || !is_key(field.substr(0, equals))) return false;
  const auto value = field.substr(equals + 1);
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c < '\x7F' && c != '=' && c != ';';
  });
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= longest_id && std::ranges::all_of(id, is_alphanumeric);
}

// The id of one record that begins as it should; empty where it is not well-formed.
std::string id_of(std::string_view record) {
  std::string id;
  while (!record.empty()) {
    const auto end = record.find(';');
    const auto field = trim(record.substr(0, end));
    record.remove_prefix(end == std::string_view::npos ? record.size() : end + 1);
    if (field.empty() && record.empty()) break;  // the delimiter at the end
    if (!is_field(field)) return {};
    if (!field.starts_with("id=") || !id.empty()) continue;
    if (!is_id(field.substr(3))) return {};
    id = field.substr(3);
  }
  return id;
}

std::unexpected<Error> wrong(std::size_t line, std::string_view text, std::string rule) {
  return fail(Blame::Peer, printable(text, 100), std::move(rule) + " (RFC 8461 §3.2)",
              fmt::format("line {}", line));
}

// One policy while its lines are read. Of a repeated field other than mx the first counts.
struct Reading {
  Result<void> take(std::size_t line, std::string_view key, std::string_view value);
  Result<void> take_max_age(std::size_t line, std::string_view value);

  StsPolicy policy;
  bool version = false, mode = false, max_age = false;
};

Result<void> Reading::take(std::size_t line, std::string_view key, std::string_view value) {
  if (key == "version" && !std::exchange(version, true)) {
    if (value != "STSv1") return wrong(line, value, "the version is STSv1");
  } else if (key == "mode" && !std::exchange(mode, true)) {
    const auto at = std::ranges::find(modes, value);
    if (at == modes.end()) return wrong(line, value, "the mode is enforce, testing or none");
    policy.mode = static_cast<StsMode>(at - modes.begin());
  } else if (key == "mx") {
    if (!is_pattern(value)) return wrong(line, value, "mx is a domain name, or *. and one");
    policy.mx.push_back(to_lower(value));
  } else if (key == "max_age" && !std::exchange(max_age, true)) {
    return take_max_age(line, value);
  }
  return {};
}

Result<void> Reading::take_max_age(std::size_t line, std::string_view value) {
  const auto seconds = parse_number(value);
  if (!seconds || value.size() > 10) return wrong(line, value, "max_age has 1 to 10 digits");
  policy.max_age = std::chrono::seconds(std::min(*seconds, longest_max_age));
  return {};
}

}  // namespace

std::string_view name(StsMode mode) { return modes[static_cast<std::size_t>(mode)]; }

std::optional<std::string> sts_id(const std::vector<std::string>& texts) {
  constexpr std::string_view version = "v=STSv1";
  const std::string* only = nullptr;
  for (const auto& text : texts) {
    if (!text.starts_with(version)) continue;
    const auto next = text.find_first_not_of(" \t", version.size());
    if (next == std::string::npos || text[next] != ';') continue;
    if (only) return std::nullopt;
    only = &text;
  }
  if (!only) return std::nullopt;
  std::string id = id_of(std::string_view(*only).substr(only->find(';') + 1));
  if (id.empty()) return std::nullopt;
  return id;
}

Result<StsPolicy> parse_sts_policy(std::string_view body) {
  if (body.size() > most_bytes) return wrong(0, "", "a policy has at most 64 KiB");
  Reading reading;
  std::size_t number = 0;
  while (!body.empty()) {
    ++number;
    const auto end = body.find('\n');
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (end != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return wrong(number, line, "a line is key: value");
    const auto key = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    const bool printing = is_utf8(value) && std::ranges::all_of(value, [](char c) {
                            return static_cast<unsigned char>(c) >= ' ' && c != '\x7F';
                          });
    if (!is_key(key)) return wrong(number, line, "a key has letters, digits, _, - and .");
    if (value.empty() || !printing) return wrong(number, line, "a value is printable text");
    if (auto taken = reading.take(number, key, value); !taken) {
      return std::unexpected(taken.error());
    }
  }
  if (!reading.version) return wrong(number, "", "version is needed");
  if (!reading.mode) return wrong(number, "", "mode is needed");
  if (!reading.max_age) return wrong(number, "", "max_age is needed");
  if (reading.policy.mx.empty() && reading.policy.mode != StsMode::None) {
    return wrong(number, "", "mx is needed, unless the mode is none");
  }
  return std::move(reading.policy);
}

std::string sts_policy_text(const StsPolicy& policy) {
  std::string text = fmt::format("version: STSv1\r\nmode: {}\r\n", name(policy.mode));
  for (const auto& pattern : policy.mx) text += fmt::format("mx: {}\r\n", pattern);
  return text + fmt::format("max_age: {}\r\n", policy.max_age.count());
}

bool sts_covers(const StsPolicy& policy, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto dot = host.find('.');
  return std::ranges::any_of(policy.mx, [&](std::string_view pattern) {
    if (iequals(pattern, host)) return true;
    if (!pattern.starts_with("*.") || dot == std::string_view::npos || dot == 0) return false;
    return iequals(host.substr(dot), pattern.substr(1));
  });
}

}  // namespace outrider::trust
