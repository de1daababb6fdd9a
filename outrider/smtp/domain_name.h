// Domain names as they are compared and looked up: lower case, A-labels (RFC 5890).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outrider::smtp {

/// Letters, digits and hyphens in labels of 1 to 63 bytes, 253 bytes in all; U-labels are turned
/// into A-labels where `utf8`. Nothing where it is no such name.
std::optional<std::string> to_a_labels(std::string_view domain, bool utf8);

/// UTF-8 text without controls, byte order marks, directional signs and other invisible ones that
/// make two addresses look like one.
bool is_safe_text(std::string_view text);

}  // namespace outrider::smtp
