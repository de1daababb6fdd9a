#include "outrider/deliver/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

using testing::HasSubstr;
using Kind = Route::Kind;

Route parsed(std::string_view text) {
  auto route = parse_route(text);
  EXPECT_TRUE(route) << text << ": " << (route ? "" : route.error().text());
  return route ? *route : Route{};
}

std::string fault(std::string_view text) {
  const auto route = parse_route(text);
  return route ? "none" : route.error().rule;
}

TEST(Route, ByMxIsTheDefault) {
  EXPECT_EQ(parsed("mx"), Route{});
  EXPECT_EQ(Route{}.text(), "mx");
  EXPECT_TRUE(Route{}.mx_lookup);
}

TEST(Route, ToANextHopLooksForItsMx) {
  const auto route = parsed("smtp://Relay.Example");
  EXPECT_EQ(route.kind, Kind::Smtp);
  EXPECT_EQ(route.host, "relay.example");
  EXPECT_EQ(route.port, 25);
  EXPECT_TRUE(route.mx_lookup);
}

TEST(Route, ToABracketedHostLooksForNoMx) {
  const auto route = parsed("smtp://[relay.example]:587");
  EXPECT_EQ(route.host, "relay.example");
  EXPECT_EQ(route.port, 587);
  EXPECT_FALSE(route.mx_lookup);
}

TEST(Route, ToAnAddressAsksNothing) {
  for (const auto* text : {"smtp://192.0.2.1:2525", "smtp://[192.0.2.1]:2525"}) {
    const auto route = parsed(text);
    EXPECT_EQ(route.address->text(), "192.0.2.1");
    EXPECT_EQ(route.host, "");
    EXPECT_EQ(route.port, 2525);
    EXPECT_FALSE(route.mx_lookup);
  }
  for (const auto* text : {"smtp://[2001:db8::1]", "smtp://[IPv6:2001:db8::1]"}) {
    EXPECT_EQ(parsed(text).address->text(), "2001:db8::1");
  }
}

TEST(Route, HasThePortOfItsScheme) {
  EXPECT_EQ(parsed("smtps://[a.example]").port, 465);
  EXPECT_EQ(parsed("lmtp://a.example").port, 24);
  EXPECT_FALSE(parsed("lmtp://a.example").mx_lookup);
}

TEST(Route, ToAUnixSocketKeepsItsPath) {
  const auto route = parsed("lmtp:unix:/run/dovecot/lmtp");
  EXPECT_EQ(route.kind, Kind::Lmtp);
  EXPECT_EQ(route.socket, "/run/dovecot/lmtp");
  EXPECT_EQ(route.host, "");
}

TEST(Route, OfAnErrorHasItsReply) {
  EXPECT_EQ(parsed("error:550 5.7.1 not here").reply, smtp::Reply(550, "5.7.1", "not here"));
  EXPECT_EQ(parsed("error:450 wait").reply, smtp::Reply(450, "4.0.0", "wait"));
  EXPECT_EQ(parsed("error:550 10 reasons").reply, smtp::Reply(550, "5.0.0", "10 reasons"));
}

TEST(Route, TakesATlsLevelOfItsOwn) {
  EXPECT_EQ(parsed("mx?tls=verify").tls, trust::Level::Verify);
  EXPECT_EQ(parsed("smtp://relay.example?tls=encrypt").tls, trust::Level::Encrypt);
  EXPECT_EQ(parsed("mx").tls, std::nullopt);
}

TEST(Route, WrittenAndReadAgainIsTheSame) {
  for (const auto* text :
       {"mx", "mx?tls=none", "smtp://a.example", "smtp://[a.example]:587", "smtp://192.0.2.1",
        "smtp://[2001:db8::1]:26?tls=verify", "smtps://a.example", "lmtp://a.example:2424",
        "lmtp://[::1]", "lmtp:unix:/run/lmtp", "maildir:/var/mail/{domain}/{user}", "discard",
        "error:550 5.7.1 no, never", "error:450 later"}) {
    const auto route = parsed(text);
    EXPECT_EQ(parsed(route.text()), route) << route.text();
  }
}

TEST(Route, RefusesWithTheRuleThatWasBroken) {
  EXPECT_THAT(fault("smpt://a.example"), HasSubstr("a route is mx, smtp://"));
  EXPECT_THAT(fault(""), HasSubstr("a route is mx"));
  EXPECT_THAT(fault("smtp://"), HasSubstr("host is missing"));
  EXPECT_THAT(fault("smtp://a..b"), HasSubstr("empty labels"));
  EXPECT_THAT(fault("smtp://a.example."), HasSubstr("empty labels"));
  EXPECT_THAT(fault("smtp://b\xC3\xBC"
                    "cher.example"),
              HasSubstr("xn--"));
  EXPECT_THAT(fault("smtp://a b"), HasSubstr("letters, digits"));
  EXPECT_THAT(fault("smtp://user@a.example"), HasSubstr("letters, digits"));
  EXPECT_THAT(fault("smtp://[a.example"), HasSubstr("']'"));
  for (const auto* text : {"smtp://a.example:0", "smtp://a.example:65536", "smtp://a.example:",
                           "smtp://a.example:25x", "smtp://[a.example]25", "smtp://::1"}) {
    EXPECT_NE(fault(text), "none") << text;
  }
  EXPECT_THAT(fault("mx?tls=strong"), HasSubstr("tls=none"));
  EXPECT_THAT(fault("mx?"), HasSubstr("tls=none"));
}

TEST(Route, RefusesPathsThatLeadElsewhere) {
  for (const auto* text : {"lmtp:unix:run/lmtp", "lmtp:unix:/run/../lmtp", "maildir:var/{user}",
                           "maildir:/var/mail/../{user}", "maildir:/var//{user}", "maildir:/",
                           "maildir:/var/./x", "maildir:"}) {
    EXPECT_THAT(fault(text), HasSubstr("absolute")) << text;
  }
  EXPECT_THAT(fault("lmtp:unix:/" + std::string(107, 'a')), HasSubstr("107"));
}

TEST(Route, KnowsItsPlaceholders) {
  for (const auto* text : {"maildir:/var/{usr}", "maildir:/var/{user", "maildir:/var/user}"}) {
    EXPECT_THAT(fault(text), HasSubstr("{user}")) << text;
  }
}

TEST(Route, RefusesRepliesThatAreNoError) {
  for (const auto* text :
       {"error:", "error:250 2.0.0 ok", "error:600 x", "error:55 x", "error:550", "error:550 5.7.1",
        "error:550 4.7.1 x", "error:550 5.7 x", "error:550 5.7.1.1 x", "error:550 5.7.1 a\r\nb"}) {
    EXPECT_NE(fault(text), "none") << text;
  }
}

std::string path_of(std::string_view text, const Address& recipient) {
  const auto path = maildir_path(parsed(text), recipient);
  return path ? *path : "error";
}

TEST(MaildirPath, PutsThePartsOfTheAddressIn) {
  const Address address{"anna+lists", "example.org"};
  EXPECT_EQ(path_of("maildir:/var/mail/{domain}/{user}", address), "/var/mail/example.org/anna");
  EXPECT_EQ(path_of("maildir:/m/x-{local_part}/Maildir", address), "/m/x-anna+lists/Maildir");
  EXPECT_EQ(path_of("maildir:/m/all", address), "/m/all");
  EXPECT_EQ(path_of("maildir:/m/{user}{user}", address), "/m/annaanna");
}

TEST(MaildirPath, CutsAtTheDelimiterOfTheRoute) {
  auto route = parsed("maildir:/m/{user}");
  route.recipient_delimiter = "-";
  EXPECT_EQ(maildir_path(route, {"a+b-c", "x"}), "/m/a+b");
  route.recipient_delimiter = "";
  EXPECT_EQ(maildir_path(route, {"a+b-c", "x"}), "/m/a+b-c");
}

TEST(MaildirPath, ReadsNoPlaceholderInAnAddress) {
  EXPECT_EQ(path_of("maildir:/m/{user}", {"{domain}", "x"}), "/m/{domain}");
}

TEST(MaildirPath, RefusesNamesThatAreNoSafeFolder) {
  using namespace std::string_literals;
  for (const auto& local : {"."s, ".."s, ".ssh"s, "a/b"s, "/etc"s, "a\0b"s, "a\nb"s, "+tag"s, ""s,
                            "\xFF"s, "a\x7F"s, std::string(256, 'a')}) {
    const auto path = maildir_path(parsed("maildir:/m/{user}"), {local, "example.org"});
    ASSERT_FALSE(path) << local;
    EXPECT_EQ(path.error().blame, Blame::Peer);
  }
  EXPECT_EQ(path_of("maildir:/m/{domain}", {"a", "../x"}), "error");
}

}  // namespace
}  // namespace outrider::deliver
