#include <gtest/gtest.h>

#include "outrider/net/listener.h"

namespace outrider::net {
namespace {

TEST(ListenAddress, ReadsWhatItWrites) {
  for (const auto* text : {"192.0.2.1:25", "[::1]:2525", "unix:/run/outrider/lmtp"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
  for (const auto* bad : {"", "unix:", "localhost:25", "192.0.2.1"}) {
    EXPECT_FALSE(ListenAddress::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace outrider::net
