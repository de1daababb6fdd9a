// The one part of a mail that is a report (RFC 2045, RFC 2046), and base64.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/result.h"

namespace outrider::report {

struct ReportPart {
  bool is_zipped = false;  ///< application/tlsrpt+gzip
  std::string bytes;       ///< decoded
};

/// The first such part, also one of a draft's type application/tlsrpt, at most four levels deep in
/// multiparts. `mail` has CRLF or LF line ends.
Result<ReportPart> find_report_part(std::string_view mail);

std::string to_base64(std::string_view bytes);  ///< lines of 76 characters, CRLF after each
/// White space is skipped; other characters that do not belong are an error, padding is not needed.
Result<std::string> from_base64(std::string_view text);

}  // namespace outrider::report
