#include "outrider/tls/parameters.h"

#include <gtest/gtest.h>

namespace outrider::tls {
namespace {

TEST(Version, IsNamedByNumberAndTellsItsName) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"1.0", "TLSv1"}, {"1.1", "TLSv1.1"}, {"1.2", "TLSv1.2"}, {"1.3", "TLSv1.3"}};
  for (const auto& [number, text] : rows) {
    const Version* version = version_named(number);
    ASSERT_NE(version, nullptr) << number;
    EXPECT_EQ(name(*version), text);
  }
  for (const auto* none : {"", "1", "1.4", "3.0", "TLSv1.2"})
    EXPECT_EQ(version_named(none), nullptr);
}

}  // namespace
}  // namespace outrider::tls
