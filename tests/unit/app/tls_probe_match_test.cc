#include "outrider/app/tls_probe_match.h"

#include <gtest/gtest.h>

namespace outrider::app::probe {
namespace {

TEST(ProbeMatch, ComparesNamesAsRfc6125Asks) {
  EXPECT_TRUE(name_matches("mx.example.org", "MX.Example.ORG"));
  EXPECT_TRUE(name_matches("mx.example.org", "mx.example.org."));
  EXPECT_TRUE(name_matches("*.example.org", "mx.example.org"));
  EXPECT_FALSE(name_matches("mx.example.org", "mx1.example.org"));
  EXPECT_FALSE(name_matches("*.example.org", "example.org"));
  EXPECT_FALSE(name_matches("*.example.org", "a.mx.example.org"));
  EXPECT_FALSE(name_matches("*.org", "example.org"));
  EXPECT_FALSE(name_matches("*.example.org", ".example.org"));
  EXPECT_FALSE(name_matches("m*.example.org", "mx.example.org"));
  EXPECT_FALSE(name_matches("", ""));
}

}  // namespace
}  // namespace outrider::app::probe
