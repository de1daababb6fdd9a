// What both sides of the protocol share: versions, groups, suites, and what is turned off for all.
// Within this module only.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "outrider/base/result.h"
#include "outrider/tls/parameters.h"

namespace outrider::tls {

/// `notes` gets the groups in use, and what the library or the kernel does not have.
Result<void> harden(SSL_CTX* context, const Parameters& parameters,
                    std::vector<std::string>& notes);

int protocol_number(Version version);  ///< as OpenSSL counts them

}  // namespace outrider::tls
