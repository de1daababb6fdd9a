#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using trust::Level;

class Handshake : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::signal(SIGPIPE, SIG_IGN);
    ca = new test::TestCa;
  }
  static void TearDownTestSuite() { delete std::exchange(ca, nullptr); }

  static std::shared_ptr<const ServerContext> server(const CertificateWish& wish,
                                                     Version least = Version::Tls12) {
    const auto files = ca->issue(wish);
    auto context = ServerContext::load({{{files.certificate, files.key}}, {.least = least}});
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  static std::shared_ptr<const ClientContext> client() {
    return *ClientContext::load({.ca_file = ca->authority_file()});
  }
  static Pair pair(const CertificateWish& wish, Level level, std::vector<std::string> names) {
    return Pair(*server(wish), *client(), "mx.example.org", verdict_for(level, std::move(names)));
  }

  static inline test::TestCa* ca = nullptr;
};

const CertificateWish good{.names = {"mx.example.org", "example.org"}};

TEST_F(Handshake, TellsItsFacts) {
  auto both = pair(good, Level::Verify, {"mx.example.org"});
  ASSERT_TRUE(both.shake_hands()) << both.client.error() << both.server.error();
  const auto facts = both.client.facts();
  EXPECT_EQ(facts.version, "TLSv1.3");
  EXPECT_EQ(facts.cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_FALSE(facts.group.empty());
  EXPECT_EQ(facts.peer, PeerCheck::Verified);
  EXPECT_EQ(facts.peer_name, "mx.example.org");
  EXPECT_EQ(facts.why, "");
  EXPECT_FALSE(facts.resumed);
  EXPECT_EQ(both.server.facts().sni, "mx.example.org");
  EXPECT_EQ(both.server.facts().peer, PeerCheck::None);
  EXPECT_EQ(both.server.facts().group, facts.group);
}

TEST_F(Handshake, CarriesTextBothWays) {
  auto both = pair(good, Level::Encrypt, {});
  ASSERT_TRUE(both.shake_hands());
  EXPECT_EQ(Pair::move(both.client, both.server, "EHLO a\r\n"), "EHLO a\r\n");
  EXPECT_EQ(Pair::move(both.server, both.client, "250 b\r\n"), "250 b\r\n");
}

TEST_F(Handshake, OpportunisticGoesOnWhateverTheCertificate) {
  const struct {
    const char* name;
    CertificateWish wish;
    const char* why;
  } rows[] = {
      {"expired", {.names = {"mx.example.org"}, .age = CertificateWish::Age::Expired}, "expired"},
      {"own", {.names = {"mx.example.org"}, .issuer = CertificateWish::Issuer::Itself}, "self"},
      {"other name", {.names = {"mx.example.net"}}, "hostname mismatch"},
  };
  for (const auto& row : rows) {
    auto both = pair(row.wish, Level::Opportunistic, {"mx.example.org"});
    ASSERT_TRUE(both.shake_hands()) << row.name << both.client.error();
    EXPECT_EQ(both.client.facts().peer, PeerCheck::Unverified) << row.name;
    EXPECT_THAT(both.client.facts().why, testing::HasSubstr(row.why));
    EXPECT_EQ(Pair::move(both.client, both.server, "x"), "x") << row.name;

    auto strict = pair(row.wish, Level::Verify, {"mx.example.org"});
    EXPECT_FALSE(strict.shake_hands()) << row.name;
    EXPECT_THAT(strict.client.error(), testing::HasSubstr(row.why));
  }
}

TEST_F(Handshake, AnyOfTheNamesWillDo) {
  auto both = pair(good, Level::Verify, {"other.example", "example.org"});
  ASSERT_TRUE(both.shake_hands()) << both.client.error();
  EXPECT_EQ(both.client.facts().peer_name, "example.org");
}

TEST_F(Handshake, MatchesWildcardsByLabel) {
  const CertificateWish wild{.names = {"*.example.org", "mx*.example.net"}};
  EXPECT_TRUE(pair(wild, Level::Verify, {"mx.example.org"}).shake_hands());
  for (const auto* name : {"example.org", "a.b.example.org", "mx1.example.net"}) {
    EXPECT_FALSE(pair(wild, Level::Verify, {name}).shake_hands()) << name;
  }
}

TEST_F(Handshake, WithoutANameNothingIsVerified) {
  auto both = pair(good, Level::Opportunistic, {});
  ASSERT_TRUE(both.shake_hands());
  EXPECT_EQ(both.client.facts().peer, PeerCheck::Unverified);
  EXPECT_EQ(both.client.facts().why, "no name to check");

  SocketPair sockets;
  for (const auto& names : {std::vector<std::string>{}, {""}, {".example.org"}}) {
    auto refused = Session::client(*client(), sockets.fds[0], "mx.example.org",
                                   verdict_for(Level::Verify, names));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().input, testing::HasSubstr("no name to verify"));
  }
}

TEST_F(Handshake, ATrailingDotIsNoPartOfAName) {
  Pair both(*server(good), *client(), "mx.example.org.",
            verdict_for(Level::Verify, {"mx.example.org."}));
  ASSERT_TRUE(both.shake_hands()) << both.client.error();
  EXPECT_EQ(both.server.facts().sni, "mx.example.org");
}

TEST_F(Handshake, AddressesAreNotNamed) {
  Pair both(*server(good), *client(), "192.0.2.1", verdict_for(Level::Opportunistic, {}));
  ASSERT_TRUE(both.shake_hands());
  EXPECT_EQ(both.server.facts().sni, "");
}

TEST_F(Handshake, PlainTextIsNoHandshake) {
  SocketPair sockets;
  auto session = Session::server(*server(good), sockets.fds[0]);
  ASSERT_TRUE(session);
  ASSERT_EQ(::write(sockets.fds[1], "EHLO a\r\n", 8), 8);
  EXPECT_EQ(session->handshake().want, Want::Failed);
  EXPECT_FALSE(session->error().empty());
}

TEST_F(Handshake, AnEndInTheMiddleIsAFailure) {
  SocketPair sockets;
  auto session = Session::server(*server(good), sockets.fds[0]);
  EXPECT_EQ(session->handshake().want, Want::Read);
  ::shutdown(sockets.fds[1], SHUT_WR);
  EXPECT_EQ(session->handshake().want, Want::Failed);
  EXPECT_FALSE(session->error().empty());
}

TEST_F(Handshake, GoodbyeIsAClose) {
  auto both = pair(good, Level::Encrypt, {});
  ASSERT_TRUE(both.shake_hands());
  EXPECT_EQ(both.server.shutdown().want, Want::Nothing);
  char buffer[8];
  EXPECT_EQ(both.client.read(buffer).want, Want::Closed);
}

TEST_F(Handshake, AnEndWithoutGoodbyeIsACloseToo) {
  auto both = pair(good, Level::Encrypt, {});
  ASSERT_TRUE(both.shake_hands());
  ::shutdown(both.sockets.fds[0], SHUT_RDWR);
  char buffer[8];
  EXPECT_EQ(both.client.read(buffer).want, Want::Closed);
}

TEST_F(Handshake, APartOfARecordIsPending) {
  auto both = pair(good, Level::Encrypt, {});
  ASSERT_TRUE(both.shake_hands());
  both.client.write("0123456789");
  char buffer[4];
  EXPECT_EQ(both.server.read(buffer).bytes, 4u);
  EXPECT_TRUE(both.server.has_pending());
}

}  // namespace
}  // namespace outrider::tls
