#include "outrider/tls/demand.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "outrider/tls/crypto.h"

namespace outrider::tls {
namespace {

// Each part with its length before it, so that no two lists read the same.
void append(std::string& text, std::vector<std::string> parts) {
  std::ranges::sort(parts);
  fmt::format_to(std::back_inserter(text), "{}\n", parts.size());
  for (const auto& part : parts) {
    fmt::format_to(std::back_inserter(text), "{}:", part.size());
    text += part;
  }
}

std::string line_of(const Tlsa& record) {
  return fmt::format("{} {} {} ", record.usage, record.selector, record.matching) + record.data;
}

}  // namespace

std::string demand_digest(const trust::Verdict& verdict) {
  std::vector<std::string> records;
  for (const auto& record : verdict.tlsa) records.push_back(line_of(record));
  std::string text(trust::name(verdict.level));
  append(text, verdict.names);
  append(text, std::move(records));
  append(text, verdict.pins);
  return digest_of(text);
}

}  // namespace outrider::tls
