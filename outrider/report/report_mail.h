// A report as a mail (RFC 8460 §5.1, §5.3).
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/address.h"
#include "outrider/report/tls_report.h"

namespace outrider::report {

struct MailParts {
  Address from, to;
  std::string domain;     ///< that the report is about
  std::string submitter;  ///< the domain of its contact
  Time now{};
};

/// `mail.example!example.com!1470013207!1470099606.json.gz`
std::string report_file_name(const TlsReport& report, const MailParts& parts);

/// The whole message with CRLF line ends, `TLS-Required: No` among its fields. Whoever signs mail
/// does it to this, TLS-Report-Domain and TLS-Report-Submitter included.
std::string report_mail(const TlsReport& report, std::string_view zipped, const MailParts& parts);

}  // namespace outrider::report
