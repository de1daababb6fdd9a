#include "outrider/receive/client_counts.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace outrider::receive {
namespace {

std::optional<IpAddress> ip(const char* text) { return IpAddress::parse(text); }

TEST(ClientCounts, BoundTheTotal) {
  ClientCounts counts;
  ConnectionLimits limits;
  limits.connections = 2;
  std::string_view setting;
  auto first = counts.enter(ip("192.0.2.1"), limits, setting);
  const auto second = counts.enter(std::nullopt, limits, setting);
  EXPECT_FALSE(counts.enter(ip("192.0.2.2"), limits, setting));
  EXPECT_EQ(setting, "limits.connections");
  EXPECT_EQ(counts.total(), 2u);
  first.reset();
  EXPECT_TRUE(counts.enter(ip("192.0.2.2"), limits, setting));
}

TEST(ClientCounts, BoundEachNetwork) {
  ClientCounts counts;
  ConnectionLimits limits;
  limits.connections_per_network = 1;
  limits.network_prefix_v4 = 24;
  std::string_view setting;
  auto first = counts.enter(ip("192.0.2.1"), limits, setting);
  EXPECT_FALSE(counts.enter(ip("192.0.2.200"), limits, setting));
  EXPECT_EQ(setting, "limits.connections_per_network");
  EXPECT_TRUE(counts.enter(ip("192.0.3.1"), limits, setting));
  const auto six = counts.enter(ip("2001:db8::1"), limits, setting);
  EXPECT_FALSE(counts.enter(ip("2001:db8::2"), limits, setting));
  EXPECT_TRUE(counts.enter(ip("2001:db8:0:1::2"), limits, setting));
  EXPECT_EQ(counts.total(), 2u);
  first.reset();
  EXPECT_TRUE(counts.enter(ip("192.0.2.200"), limits, setting));
}

TEST(ClientCounts, ALimitOfNoneTakesNone) {
  ClientCounts counts;
  ConnectionLimits limits;
  limits.connections_per_network = 0;
  std::string_view setting;
  EXPECT_FALSE(counts.enter(ip("192.0.2.1"), limits, setting));
  EXPECT_EQ(counts.total(), 0u);
}

TEST(ClientCounts, HoldOverThreads) {
  ClientCounts counts;
  ConnectionLimits limits;
  limits.connections_per_network = 3;
  std::atomic<int> inside{0}, most{0};
  const auto visit = [&] {
    for (int i = 0; i < 5000; ++i) {
      std::string_view setting;
      const auto place = counts.enter(ip("192.0.2.1"), limits, setting);
      if (!place) continue;
      const int now = ++inside;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      --inside;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(visit);
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(counts.total(), 0u);
}

}  // namespace
}  // namespace outrider::receive
