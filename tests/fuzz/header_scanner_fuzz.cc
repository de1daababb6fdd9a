// Any content gives the same facts whatever the cut, and no more is kept than was allowed.
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include "outrider/mail/header_scanner.h"

namespace {

constexpr std::size_t keep = 100;

auto facts(std::string_view content, std::size_t cut) {
  outrider::mail::HeaderScanner scanner(keep);
  scanner.scan(content.substr(0, cut));
  scanner.scan(content.substr(cut));
  return std::tuple(scanner.in_body(), scanner.size(), scanner.header_bytes(), scanner.fields(),
                    scanner.hops(), scanner.header_has_eight_bit(), scanner.body_has_eight_bit(),
                    scanner.has_message_id(), scanner.has_date(), scanner.has_from(),
                    scanner.header());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = facts(content, 0);
  if (whole != facts(content, content.size() * data[0] / 255)) std::abort();
  const auto& [in_body, bytes, header_bytes, fields, hops, a, b, c, d, e, header] = whole;
  if (bytes != content.size() || header_bytes > bytes || hops > fields) std::abort();
  if (header.size() > keep || !content.starts_with(header)) std::abort();
  return 0;
}
