// A TLS report: what senders of a day saw of a domain's TLS (RFC 8460 §4), written and read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/result.h"

namespace outrider::report {

/// Sessions that failed in one way. What is not known is empty. RFC 8460 §4.4.
struct FailureDetail {
  std::string result;  ///< `certificate-expired`, …: §4.3, or one that is newer
  std::string sending_ip, receiving_host, receiving_helo, receiving_ip;
  std::uint64_t sessions = 0;
  std::string more;    ///< a URI
  std::string reason;  ///< in the TLS library's words

  bool operator==(const FailureDetail&) const = default;
};

/// What became of sessions under one policy.
struct PolicyResult {
  std::string type;                  ///< `tlsa`, `sts`, `no-policy-found`
  std::vector<std::string> strings;  ///< the policy's lines, or TLSA records
  std::string domain;                ///< A-labels
  std::vector<std::string> mx;       ///< patterns of the policy
  std::uint64_t succeeded = 0, failed = 0;
  std::vector<FailureDetail> details;

  bool operator==(const PolicyResult&) const = default;
};

struct TlsReport {
  std::string organization, contact, id;
  Time begin{}, end{};
  std::vector<PolicyResult> policies;

  bool operator==(const TlsReport&) const = default;
};

std::uint64_t failures(const TlsReport& report);   ///< of all policies
std::uint64_t successes(const TlsReport& report);  ///< likewise

std::size_t memory_of(const TlsReport& report);  ///< bytes, with all it points to

std::string report_json(const TlsReport& report);

/// Texts of others are made printable and are cut. Refused are what is no UTF-8 JSON, is nested
/// deeply, has no policies or more than 1000, more than 10,000 details of failures in all, or
/// counts that are no whole numbers from 0 to 2^53. Of a member that is there twice the last
/// counts; unknown ones are ignored, as are empty texts in lists, and those beyond 1000 of a list
/// or 10,000 of all.
Result<TlsReport> parse_report(std::string_view json);

/// RFC 3339 §5.6, from 1970 on.
Result<Time> parse_date_time(std::string_view text);

}  // namespace outrider::report
