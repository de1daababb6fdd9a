#include "outrider/base/result.h"

#include <cstring>

namespace outrider {

std::string Error::text() const {
  std::string text = place;
  if (!text.empty() && !input.empty()) text += ": ";
  text += input;
  if (!rule.empty()) text += text.empty() ? rule : " (" + rule + ")";
  return text;
}

std::unexpected<Error> fail_errno(std::string what, int error, std::string place) {
  char buffer[128];
  const char* reason = strerror_r(error, buffer, sizeof buffer);
  return fail(Blame::Environment, std::move(what) + ": " + reason, {}, std::move(place));
}

}  // namespace outrider
