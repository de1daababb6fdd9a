#include "outrider/fetch/special_address.h"

#include <gtest/gtest.h>

namespace outrider::fetch {
namespace {

bool special(const char* text) { return is_special(*IpAddress::parse(text)); }

TEST(SpecialAddress, IsWhatNoStrangersNameMayLeadTo) {
  for (const char* const text : {"0.0.0.0",
                                 "10.0.0.1",
                                 "100.64.0.1",
                                 "100.127.255.255",
                                 "127.0.0.1",
                                 "127.255.255.255",
                                 "169.254.169.254",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.0.0.8",
                                 "192.0.2.1",
                                 "192.88.99.1",
                                 "192.168.1.1",
                                 "198.18.0.1",
                                 "198.19.255.255",
                                 "198.51.100.7",
                                 "203.0.113.7",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "::",
                                 "::1",
                                 "::ffff:10.0.0.1",
                                 "64:ff9b::10.0.0.1",
                                 "64:ff9b:1::1",
                                 "100::1",
                                 "2001::1",
                                 "2001:db8::1",
                                 "2002:a00:1::",
                                 "3fff::1",
                                 "fc00::1",
                                 "fd12::1",
                                 "fe80::1",
                                 "fec0::1",
                                 "ff02::1"}) {
    EXPECT_TRUE(special(text)) << text;
  }
}

TEST(SpecialAddress, IsNoneThatTheWorldUses) {
  for (const char* const text :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.0.1",
        "198.20.0.0", "223.255.255.255", "2000::1", "2001:200::1", "2001:4860:4860::8888",
        "2a00:1450::1", "64:ff9b::8.8.8.8"}) {
    EXPECT_FALSE(special(text)) << text;
  }
}

}  // namespace
}  // namespace outrider::fetch
