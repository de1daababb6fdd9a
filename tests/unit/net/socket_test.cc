#include "outrider/net/socket.h"

#include <gtest/gtest.h>

namespace outrider::net {
namespace {

TEST(SocketAddress, KeepsAnEndpoint) {
  for (const auto* text : {"192.0.2.1:25", "[2001:db8::1]:65535"}) {
    EXPECT_EQ(SocketAddress::of(*Endpoint::parse(text)).endpoint(), Endpoint::parse(text));
  }
}

TEST(SocketAddress, TakesPathsThatFit) {
  const auto path = SocketAddress::of_path(std::string(107, 'x'));
  ASSERT_TRUE(path);
  EXPECT_EQ(path->family(), AF_UNIX);
  EXPECT_FALSE(path->endpoint());
  for (const auto& bad : {std::string(), std::string(108, 'x'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(SocketAddress::of_path(bad)) << bad.size();
  }
}

}  // namespace
}  // namespace outrider::net
