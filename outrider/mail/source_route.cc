#include "outrider/mail/source_route.h"

#include <algorithm>

namespace outrider::mail {

std::string_view first_host(std::string_view route) {
  if (route.empty()) return {};
  return route.substr(1, route.find(',') - 1);
}

std::string onward(std::string_view route, const std::function<bool(std::string_view)>& ours) {
  while (!route.empty() && ours(first_host(route)))
    route.remove_prefix(std::min(first_host(route).size() + 2, route.size()));
  return std::string(route);
}

std::string extended(std::string_view host, std::string_view route) {
  std::string longer = "@";
  longer.append(host);
  if (!route.empty()) longer.append(",").append(route);
  return longer;
}

}  // namespace outrider::mail
