// What the TLSA records of others carry: a whole certificate or key has to be one, else no session
// can ever match it (RFC 6698 §2.1).
#pragma once

#include "outrider/base/tlsa.h"

namespace outrider::tls {

/// False: matching type 0, and the data is no certificate, or no key, that can be read.
bool is_readable(const Tlsa& record);

}  // namespace outrider::tls
