// Where the source of the tests is: the one place that knows a path of the checkout, so that a
// compiler's cache serves all of them.
#pragma once

#include <filesystem>

namespace outrider::test {

/// The folder `tests`.
std::filesystem::path source_folder();

}  // namespace outrider::test
