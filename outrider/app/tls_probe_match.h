// Names of certificates against the name of a host, RFC 6125 §6.4.
#pragma once

#include <string_view>

namespace outrider::app::probe {

/// `*.example.org` is good for `mx.example.org`, and for no name with more or fewer labels.
bool name_matches(std::string_view carried, std::string_view host);

}  // namespace outrider::app::probe
