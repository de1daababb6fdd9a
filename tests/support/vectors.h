// The cases of tests/vectors/*.json, as bytes.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "support/dialogue.h"

namespace outrider::test {

std::string from_base64(std::string_view text);

/// All cases of a file; throws where there are none.
nlohmann::json vector_cases(const std::string& file);

/// The bytes of one step: given whole, deflated, or as a unit that is repeated (`%d` is the index),
/// at most `most` times. Empty where the step is only described.
std::string vector_bytes(const nlohmann::json& step, std::size_t most = 1000);

/// A session brought to where the case begins: connect, helo, ehlo, mail, rcpt, data, tls, ...
Dialogue at_setup(const std::string& setup);

}  // namespace outrider::test
