// Our options as the text of an unbound.conf: some of what we need cannot be set in another way.
#pragma once

#include <string>

#include "outrider/base/result.h"
#include "outrider/dns/resolver.h"

namespace outrider::dns {

/// Fails where an option's text is not of its form, or would become another option.
Result<std::string> unbound_config(const Options& options);

}  // namespace outrider::dns
