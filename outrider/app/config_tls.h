// Values of module tls out of the configuration's tables. Within this module only.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "outrider/app/config_parts.h"
#include "outrider/app/values.h"
#include "outrider/receive/options.h"
#include "outrider/tls/parameters.h"

namespace outrider::app {

/// Tables that may have the same settings, the one that counts first. The last is [tls].
using Table = std::reference_wrapper<const Values>;
using Layers = std::span<const Table>;

/// The protocol's settings (schema: `tls_protocol`), each of the first table that gives it.
tls::Parameters tls_parameters(Layers layers);

/// The same, with complaints about what the library does not know.
tls::Parameters take_tls_parameters(Making& making, Layers layers);

/// Sets `tls` and `tls_context`, and notes what they were made of.
void take_listener_tls(Making& making, const Values& values, receive::ListenerOptions& listener);

/// What was made of certificates is to be made again when one of these changes.
std::vector<std::string> files_of(const Config& config);

}  // namespace outrider::app
