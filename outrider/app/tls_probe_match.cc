#include "outrider/app/tls_probe_match.h"

#include "outrider/base/text.h"

namespace outrider::app::probe {

bool name_matches(std::string_view carried, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || carried.empty()) return false;
  if (!carried.starts_with("*.")) return iequals(carried, host);
  const auto dot = host.find('.');
  if (dot == host.npos || dot == 0) return false;
  const auto parent = carried.substr(2);
  // A whole top-level domain is nobody's.
  return parent.contains('.') && iequals(parent, host.substr(dot + 1));
}

}  // namespace outrider::app::probe
