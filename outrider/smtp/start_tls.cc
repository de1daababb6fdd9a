#include "outrider/smtp/start_tls.h"

#include <algorithm>

#include "outrider/base/text.h"

namespace outrider::smtp {

std::vector<std::string> tokens_to_ask(const std::vector<std::string>& listed,
                                       const std::vector<std::string>& known) {
  std::vector<std::string> tokens;
  for (const auto& token : known) {
    if (iequals(token, "SSL3.0")) continue;
    const auto same = [&](const std::string& each) { return iequals(each, token); };
    if (listed.empty() || std::ranges::any_of(listed, same)) tokens.push_back(token);
  }
  return tokens;
}

}  // namespace outrider::smtp
