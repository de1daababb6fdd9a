// Where a domain wants its reports: the TXT record at `_smtp._tls` (RFC 8460 §3).
#pragma once

#include <string>
#include <vector>

#include "outrider/base/address.h"

namespace outrider::report {

/// One of both.
struct ReportTarget {
  Address mail;
  std::string url;  ///< https

  bool operator==(const ReportTarget&) const = default;
};

/// Empty where there is not exactly one record of TLSRPT, or it names nobody. At most three; of a
/// mailto: URI only the address is used, and others than mailto: and https: are left out.
std::vector<ReportTarget> report_targets(const std::vector<std::string>& texts);

}  // namespace outrider::report
