#include "support/source_folder.h"

namespace outrider::test {

std::filesystem::path source_folder() { return OUTRIDER_TEST_FOLDER; }

}  // namespace outrider::test
