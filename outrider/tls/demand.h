// What a verdict demands of a certificate, as a short text by which two demands are compared.
#pragma once

#include <string>

#include "outrider/trust/decide.h"

namespace outrider::tls {

/// Of the level, the names, the TLSA records and the public keys; the same for the same demand,
/// whatever the order of its parts. Lower-case hex, 64 characters. What was verified under one
/// demand, a session or a connection, says nothing under another.
std::string demand_digest(const trust::Verdict& verdict);

}  // namespace outrider::tls
