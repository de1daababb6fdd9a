// The form in which the ledger's records lie in the store: a line for each field, in one order.
#pragma once

#include <string>
#include <string_view>

#include "outrider/base/result.h"
#include "outrider/trust/ledger.h"

namespace outrider::policy {

inline constexpr std::string_view host_table = "tls_host", domain_table = "tls_domain";

std::string write_record(const trust::HostRecord& record);
std::string write_record(const trust::DomainRecord& record);

/// A damaged record, or one of a later version, is an error.
Result<trust::HostRecord> read_host_record(std::string_view bytes);
Result<trust::DomainRecord> read_domain_record(std::string_view bytes);

}  // namespace outrider::policy
