// gzip (RFC 1952), as reports come and go.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "outrider/base/result.h"

namespace outrider::report {

std::string gzip(std::string_view bytes);

/// All members, together at most `most` bytes: what would become more is refused before it does.
/// So are a checksum that is wrong, and what comes behind the last member.
Result<std::string> gunzip(std::string_view bytes, std::size_t most);

}  // namespace outrider::report
