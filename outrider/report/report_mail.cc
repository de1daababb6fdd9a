#include "outrider/report/report_mail.h"

#include <fmt/format.h>

#include <chrono>

#include "outrider/report/mime.h"

namespace outrider::report {
namespace {

std::int64_t seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string words(const TlsReport& report, const MailParts& parts) {
  return fmt::format(
      "This is an aggregate report about TLS of {} by {}, from {} to {}:\r\n"
      "{} sessions reached what was asked for, {} did not.\r\n"
      "The part behind this one is for programs (RFC 8460).\r\n",
      parts.domain, parts.submitter, rfc3339(report.begin), rfc3339(report.end), successes(report),
      failures(report));
}

}  // namespace

std::string report_file_name(const TlsReport& report, const MailParts& parts) {
  return fmt::format("{}!{}!{}!{}.json.gz", parts.submitter, parts.domain, seconds(report.begin),
                     seconds(report.end));
}

std::string report_mail(const TlsReport& report, std::string_view zipped, const MailParts& parts) {
  // No line of base64 or of ours begins so.
  const std::string boundary = fmt::format("=_tlsrpt_{}", seconds(parts.now));
  std::string mail = fmt::format(
      "From: {}\r\nTo: {}\r\nDate: {}\r\n"
      "Subject: Report Domain: {}\r\n Submitter: {}\r\n Report-ID: <{}>\r\n"
      "Message-ID: <{}.{}@{}>\r\n"
      "TLS-Report-Domain: {}\r\nTLS-Report-Submitter: {}\r\nTLS-Required: No\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"{}\"\r\n\r\n",
      parts.from.text(), parts.to.text(), rfc5322_date(parts.now), parts.domain, parts.submitter,
      report.id, parts.now.time_since_epoch().count(), parts.domain, parts.submitter, parts.domain,
      parts.submitter, boundary);
  mail += fmt::format("--{}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{}", boundary,
                      words(report, parts));
  mail += fmt::format(
      "\r\n--{}\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n"
      "Content-Disposition: attachment;\r\n filename=\"{}\"\r\n\r\n{}--{}--\r\n",
      boundary, report_file_name(report, parts), to_base64(zipped), boundary);
  return mail;
}

}  // namespace outrider::report
