#include "outrider/app/tls_probe_target.h"

#include <gtest/gtest.h>

namespace outrider::app::probe {
namespace {

struct Case {
  std::string_view text;
  bool lmtp;
  std::string_view server;
  bool implicit;
};

TEST(ProbeTarget, KnowsHostAndPortInAllTheirForms) {
  constexpr Case cases[] = {
      {"mx.example.org", false, "mx.example.org:25", false},
      {"mx.example.org:587", false, "mx.example.org:587", false},
      {"mx.example.org:465", false, "mx.example.org:465", true},
      {"smtps://mx.example.org", false, "mx.example.org:465", true},
      {"smtps://mx.example.org:2465/", false, "mx.example.org:2465", true},
      {"smtp://mx.example.org:465", false, "mx.example.org:465", false},
      {"lmtp://mx.example.org", false, "mx.example.org:24", false},
      {"127.0.0.1", true, "127.0.0.1:24", false},
      {"::1", false, "[::1]:25", false},
      {"[::1]:2525", false, "[::1]:2525", false},
      {"[IPv6:2001:db8::1]", false, "[2001:db8::1]:25", false},
  };
  for (const auto& [text, lmtp, server, implicit] : cases) {
    const auto target = parse_target(text, lmtp);
    ASSERT_TRUE(target) << text;
    EXPECT_EQ(target->text(), server);
    EXPECT_EQ(target->implicit, implicit) << text;
  }
}

TEST(ProbeTarget, RefusesWhatIsNoServer) {
  for (const std::string_view text :
       {"", ":25", "mx:", "mx:0", "mx:65536", "mx:x", "[::1", "[::1]x", "[::1]:", "a b", "a/b",
        "user@mx", "smtps://", "a:b:25"}) {
    const auto target = parse_target(text, false);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().blame, Blame::Operator);
  }
}

TEST(ProbeTarget, FindsAnAddressThatIsGiven) {
  const auto found = find({.host = "127.0.0.1", .port = 2525, .implicit = false});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front().text(), "127.0.0.1:2525");
  EXPECT_FALSE(find({.host = "no.such.name.invalid", .port = 25, .implicit = false}));
}

}  // namespace
}  // namespace outrider::app::probe
