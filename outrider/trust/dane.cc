#include "outrider/trust/dane.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::trust {
namespace {

constexpr std::array<std::string_view, 8> names{"off",    "insecure", "absent", "unusable",
                                                "usable", "failed",   "bogus",  "disputed"};

// RFC 7218 §2.
constexpr std::uint8_t usage_authority = 2, usage_itself = 3;
constexpr std::uint8_t whole = 0, sha256 = 1, sha512 = 2;
constexpr std::size_t sha256_size = 32, sha512_size = 64;

// X.690 §8.1.3, §10.1: a SEQUENCE whose length takes as few bytes as it can and ends the data.
bool is_one_sequence(std::string_view data) {
  constexpr unsigned char sequence = 0x30, long_form = 0x80;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(data[at]); };
  if (data.size() < 2 || byte(0) != sequence) return false;
  const std::size_t first = byte(1);
  if (first < long_form) return first > 0 && data.size() == 2 + first;
  const std::size_t bytes = first - long_form;
  if (bytes == 0 || bytes > 3 || data.size() < 2 + bytes || byte(2) == 0) return false;
  std::size_t length = 0;
  for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | byte(2 + i);
  return length >= long_form && data.size() == 2 + bytes + length;
}

// The stronger the lower: digests before the whole, which no list of algorithms can weaken.
bool is_weaker(const Tlsa& record, const Tlsa& other) {
  return record.usage == other.usage && record.selector == other.selector &&
         record.matching == sha256 && other.matching == sha512;
}

}  // namespace

std::string_view name(DaneState state) { return names[static_cast<std::size_t>(state)]; }

bool needs_alias(const DaneHost& host) {
  return !host.is_address && !host.secure && !iequals(host.name, host.canonical);
}

std::vector<std::string> tlsa_bases(const DaneHost& host, bool alias_is_secure) {
  if (host.is_address) return {};
  if (host.secure) {
    if (iequals(host.name, host.canonical)) return {host.name};
    return {host.canonical, host.name};
  }
  if (needs_alias(host) && alias_is_secure) return {host.name};
  return {};
}

std::string tlsa_name(std::string_view base, std::uint16_t port) {
  return fmt::format("_{}._tcp.{}", port, base);
}

bool is_usable(const Tlsa& record) {
  if (record.usage != usage_authority && record.usage != usage_itself) return false;
  if (record.selector > 1) return false;
  switch (record.matching) {
    case whole: return is_one_sequence(record.data);
    case sha256: return record.data.size() == sha256_size;
    case sha512: return record.data.size() == sha512_size;
    default: return false;
  }
}

std::vector<Tlsa> usable_records(const std::vector<Tlsa>& records) {
  std::vector<Tlsa> usable;
  for (const auto& record : records) {
    if (is_usable(record)) usable.push_back(record);
  }
  const auto all = usable;
  std::erase_if(usable, [&](const Tlsa& record) {
    return std::ranges::any_of(all, [&](const Tlsa& other) { return is_weaker(record, other); });
  });
  return usable;
}

std::optional<DaneFacts> settle_base(std::string base, bool found, std::vector<Tlsa> records) {
  if (!found) return std::nullopt;
  DaneFacts facts;
  facts.records = usable_records(records);
  facts.state = facts.records.empty() ? DaneState::Unusable : DaneState::Usable;
  facts.base = std::move(base);
  return facts;
}

}  // namespace outrider::trust
