#include "outrider/deliver/routes.h"

#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

using Kind = Route::Kind;

Routes made_of(std::initializer_list<std::pair<const char*, const char*>> lines) {
  Routes routes;
  for (const auto& [pattern, text] : lines) {
    const auto route = parse_route(text);
    EXPECT_TRUE(route) << text;
    const auto added = routes.add(pattern, *route);
    EXPECT_TRUE(added) << added.error().text();
  }
  return routes;
}

TEST(Routes, WithNothingAddedGoByMx) {
  const Routes routes;
  EXPECT_EQ(routes.route_for({"a", "example.org"}).kind, Kind::Mx);
  EXPECT_EQ(routes.key_for({"a", "example.org"}), "example.org");
}

TEST(Routes, TakeTheMostExact) {
  const auto routes = made_of({{"*", "smtp://rest.example"},
                               {".example.org", "smtp://below.example"},
                               {".deep.example.org", "smtp://deep.example"},
                               {"example.org", "smtp://domain.example"},
                               {"Anna@Example.org", "smtp://anna.example"}});
  const auto host = [&](const Address& address) { return routes.route_for(address).host; };
  EXPECT_EQ(host({"anna", "example.org"}), "anna.example");
  EXPECT_EQ(host({"ANNA", "example.org"}), "anna.example");
  EXPECT_EQ(host({"bob", "example.org"}), "domain.example");
  EXPECT_EQ(host({"bob", "www.example.org"}), "below.example");
  EXPECT_EQ(host({"bob", "a.deep.example.org"}), "deep.example");
  EXPECT_EQ(host({"bob", "deep.example.org"}), "below.example");
  EXPECT_EQ(host({"bob", "notexample.org"}), "rest.example");
  EXPECT_EQ(host({"bob", "[192.0.2.1]"}), "rest.example");
}

TEST(Routes, GiveOneKeyToWhatGoesTogether) {
  const auto routes = made_of({{"a.example", "smtp://relay.example"},
                               {"b.example", "smtp://relay.example:25"},
                               {"c.example", "smtp://relay.example?tls=verify"},
                               {"here.example", "maildir:/m/{domain}/{user}"}});
  EXPECT_EQ(routes.key_for({"x", "a.example"}), routes.key_for({"x", "b.example"}));
  EXPECT_NE(routes.key_for({"x", "a.example"}), routes.key_for({"x", "c.example"}));
  EXPECT_EQ(routes.key_for({"x", "here.example"}), routes.key_for({"y", "here.example"}));
  EXPECT_NE(routes.key_for({"x", "d.example"}), routes.key_for({"x", "e.example"}));
}

TEST(Routes, KeepLevelsOfTlsApart) {
  const auto routes = made_of({{"boss@example.org", "mx?tls=verify"}});
  const auto key = routes.key_for({"boss", "example.org"});
  EXPECT_NE(key, routes.key_for({"anna", "example.org"}));
  const auto destination = routes.destination(key);
  EXPECT_EQ(destination.domain, "example.org");
  EXPECT_EQ(destination.route.tls, trust::Level::Verify);
}

TEST(Routes, FindTheWayBackFromAKey) {
  auto tagged = *parse_route("maildir:/m/{user}");
  tagged.recipient_delimiter = "-";
  auto routes = made_of({{"a.example", "smtp://[relay.example]:587"},
                         {"b.example", "discard"},
                         {"c.example", "error:550 5.7.1 no"},
                         {"d.example", "maildir:/m/{user}"}});
  ASSERT_TRUE(routes.add("e.example", tagged));
  for (const auto* domain : {"a.example", "b.example", "c.example", "d.example", "e.example",
                             "other.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "discard"}) {
    const Address address{"x", domain};
    const auto destination = routes.destination(routes.key_for(address));
    EXPECT_EQ(destination.route, routes.route_for(address)) << destination.key;
    EXPECT_EQ(destination.domain, destination.route.kind == Kind::Mx ? domain : "");
  }
}

TEST(Routes, ReadAKeyFromBeforeAReloadAsItsTextSays) {
  const auto before = made_of({{"a.example", "smtp://old.example"},
                               {"b.example", "maildir:/m/{user}"},
                               {"c.example", "discard"}});
  const Routes after;
  for (const auto* domain : {"a.example", "b.example", "c.example"}) {
    const Address address{"x", domain};
    EXPECT_EQ(after.destination(before.key_for(address)).route, before.route_for(address));
  }
}

TEST(Routes, LetMailWaitWhoseKeySaysNothing) {
  const auto destination = Routes().destination("pigeon://roof");
  EXPECT_EQ(destination.route.kind, Kind::Error);
  EXPECT_EQ(destination.route.reply.code, 451);
  EXPECT_EQ(destination.route.reply.status, "4.3.5");
}

TEST(Routes, RefusePatternsOfAnotherForm) {
  for (const auto* pattern :
       {"", ".", "@example.org", "a@", "**", "*.example.org", "a b", "a..b", "example.org.",
        "b\xC3\xBC"
        "cher.example",
        "smtp://x"}) {
    Routes routes;
    EXPECT_FALSE(routes.add(pattern, Route{})) << pattern;
  }
}

TEST(Routes, RefuseAPatternThatIsThere) {
  for (const auto* pattern : {"*", "example.org", ".example.org", "a@example.org"}) {
    Routes routes;
    EXPECT_TRUE(routes.add(pattern, Route{}));
    const auto again = routes.add(pattern, Route{});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().blame, Blame::Operator);
  }
}

TlsProfile named(std::string name) {
  TlsProfile profile;
  profile.names = {std::move(name)};
  return profile;
}

TEST(Routes, KeepProfilesOfTlsApart) {
  Routes routes;
  for (const auto* text : {"mx?tls=verify", "smtp://relay.example?tls=verify"}) {
    for (const auto* name : {"a.example", "b.example"}) {
      Route route = *parse_route(text);
      route.profile = named(name);
      const auto user = std::string(name) + (text[0] == 'm' ? ".mx" : ".smtp");
      ASSERT_TRUE(routes.add(user + "@example.org", route));
    }
  }
  for (const std::string kind : {".mx", ".smtp"}) {
    const auto a = routes.key_for({"a.example" + kind, "example.org"});
    const auto b = routes.key_for({"b.example" + kind, "example.org"});
    EXPECT_NE(a, b);
    const auto destination = routes.destination(b);
    EXPECT_EQ(destination.route.profile, named("b.example")) << b;
    EXPECT_EQ(destination.route.tls, trust::Level::Verify);
    EXPECT_EQ(destination.domain, kind == ".mx" ? "example.org" : "");
  }
}

// The level stays; what the mark meant is not known any more.
TEST(Routes, UnderstandKeysWhoseProfileIsGone) {
  const Routes routes;
  const std::string mark = "#0123456789abcdef";
  const auto mx = routes.destination("example.org?tls=verify" + mark);
  EXPECT_EQ(mx.domain, "example.org");
  EXPECT_EQ(mx.route.tls, trust::Level::Verify);
  const auto relay = routes.destination("smtp://[relay.example]:25?tls=encrypt" + mark);
  EXPECT_EQ(relay.route.host, "relay.example");
  EXPECT_EQ(relay.route.tls, trust::Level::Encrypt);
  EXPECT_EQ(routes.destination("error:550 5.7.1 see" + mark).route.reply.text, "see" + mark);
}

}  // namespace
}  // namespace outrider::deliver
