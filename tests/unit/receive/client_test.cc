#include "outrider/receive/client.h"

#include <gtest/gtest.h>

#include <set>

namespace outrider::receive {
namespace {

TEST(Client, IsShownWithItsAddress) {
  Client client;
  EXPECT_EQ(client.text(), "unix");
  EXPECT_EQ(client.origin_address(), "");
  client.endpoint = Endpoint::parse("192.0.2.1:4000");
  EXPECT_EQ(client.text(), "[192.0.2.1]:4000");
  EXPECT_EQ(client.origin_address(), "192.0.2.1");
  client.endpoint = Endpoint::parse("[2001:db8::1]:4000");
  EXPECT_EQ(client.text(), "[2001:db8::1]:4000");
  EXPECT_EQ(client.origin_address(), "IPv6:2001:db8::1");
}

TEST(SessionId, IsShortAndUniqueAndInOrder) {
  std::set<std::string> ids;
  std::string before;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = next_session_id();
    EXPECT_EQ(id.size(), 11u);
    EXPECT_LT(before, id);
    before = id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

}  // namespace
}  // namespace outrider::receive
