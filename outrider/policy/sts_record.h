// A policy on disk: table `sts-policy`, key the domain, value as docs/mta-sts.md says.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/result.h"
#include "outrider/trust/mta_sts.h"

namespace outrider::policy {

inline constexpr std::string_view sts_table = "sts-policy";

std::string write_sts_record(const trust::StsPolicy& policy);
/// Fails on any bytes that write_sts_record() does not make, and on a body that is no policy.
Result<trust::StsPolicy> read_sts_record(std::string_view bytes);

}  // namespace outrider::policy
