// Source routes as the envelope keeps them: `@one,@two`. RFC 788 §3.6; RFC 5321 appendix C.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace outrider::mail {

/// `one` of `@one,@two`; empty for no route.
std::string_view first_host(std::string_view route);
/// What is left when the hosts at its beginning that are `ours` are taken off.
std::string onward(std::string_view route, const std::function<bool(std::string_view)>& ours);
/// `@host,@one,@two`: the reverse-path of who relays.
std::string extended(std::string_view host, std::string_view route);

}  // namespace outrider::mail
