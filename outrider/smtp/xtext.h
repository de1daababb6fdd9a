// xtext of RFC 3461 §4: printable ASCII without `+` and `=`, other bytes as `+XX`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outrider::smtp {

std::string to_xtext(std::string_view text);
/// Nothing where it is no xtext, or where it hides a control byte: what comes out is put into
/// notices and sent on.
std::optional<std::string> from_xtext(std::string_view xtext);

}  // namespace outrider::smtp
