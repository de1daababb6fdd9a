#include "outrider/dns/forwarder.h"

#include <gtest/gtest.h>

namespace outrider::dns {
namespace {

TEST(Forwarder, IsAnAddressWithOrWithoutPort) {
  EXPECT_EQ(read_forwarder("192.0.2.53")->text(), "192.0.2.53:53");
  EXPECT_EQ(read_forwarder("127.0.0.1@5353")->text(), "127.0.0.1:5353");
  EXPECT_EQ(read_forwarder("2001:db8::53@65535")->text(), "[2001:db8::53]:65535");
}

TEST(Forwarder, IsNothingElse) {
  for (const auto* text : {"", "@53", "localhost", "192.0.2.53:53", "192.0.2.53@", "192.0.2.53@0",
                           "192.0.2.53@65536", "192.0.2.53@53@53", "192.0.2.53@ 53"}) {
    EXPECT_FALSE(read_forwarder(text)) << text;
  }
}

}  // namespace
}  // namespace outrider::dns
