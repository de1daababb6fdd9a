#include "outrider/tls/parameters.h"

#include <algorithm>
#include <array>

namespace outrider::tls {
namespace {

struct Row {
  Version version;
  std::string_view number;
  std::string_view name;
};

constexpr std::array rows{
    Row{Version::Tls10, "1.0", "TLSv1"}, Row{Version::Tls11, "1.1", "TLSv1.1"},
    Row{Version::Tls12, "1.2", "TLSv1.2"}, Row{Version::Tls13, "1.3", "TLSv1.3"}};

}  // namespace

std::string_view name(Version version) {
  return std::ranges::find(rows, version, &Row::version)->name;
}

const Version* version_named(std::string_view text) {
  const auto* at = std::ranges::find(rows, text, &Row::number);
  return at == rows.end() ? nullptr : &at->version;
}

}  // namespace outrider::tls
