// Values of module tls out of the configuration's tables. Within this module only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "outrider/app/config_parts.h"
#include "outrider/app/values.h"
#include "outrider/receive/options.h"
#include "outrider/tls/parameters.h"

namespace outrider::app {

/// The protocol's settings of a table (schema: `tls_protocol`); what it does not give, and what its
/// schema does not have, is as in `fallback`, which is [tls].
tls::Parameters tls_parameters(const Values& own, const Values& fallback);

/// The same with [tls] behind it, and complaints about what the library does not know.
tls::Parameters take_tls_parameters(Making& making, const Values& own);

/// Sets `tls` and `tls_context`, and notes what they were made of.
void take_listener_tls(Making& making, const Values& values, receive::ListenerOptions& listener);

/// What was made of certificates is to be made again when one of these changes.
std::vector<std::string> files_of(const Config& config);

}  // namespace outrider::app
