#include <gmock/gmock.h>

#include <csignal>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::HasSubstr;
using testing::MatchesRegex;

// What a server learns of clients.
class ClientCertificate : public testing::Test {
 protected:
  ClientCertificate() {
    std::signal(SIGPIPE, SIG_IGN);
    options.keys = {{files.certificate, files.key}};
    options.ask_client = true;
    options.client_ca_file = ca.authority_file();
  }
  std::shared_ptr<const ServerContext> server() {
    auto context = ServerContext::load(options);
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  std::shared_ptr<const ClientContext> client(std::optional<CertificateWish> wish,
                                              const Parameters& parameters = {}) {
    ClientOptions client{.ca_file = ca.authority_file(), .parameters = parameters};
    if (wish) {
      const auto shown = ca.issue(*wish);
      client.key = KeyPair{shown.certificate, shown.key};
    }
    auto context = ClientContext::load(client);
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  // The server's facts of one connection to its end.
  static TlsFacts meet(const ServerContext& server, const ClientContext& client,
                       const Resumption& resumption = {}) {
    Pair both(server, client, "mx.example.org",
              verdict_for(trust::Level::Verify, {"mx.example.org"}), resumption);
    EXPECT_TRUE(both.shake_hands()) << both.client.error() << both.server.error();
    EXPECT_TRUE(both.talk_and_part());
    return both.server.facts();
  }

  test::TestCa ca;
  test::TestCa::Files files = ca.issue("mx.example.org");
  ServerOptions options;
};

TEST_F(ClientCertificate, H6_IsVerifiedByTheListenersAuthorities) {
  const auto facts = meet(*server(), *client(CertificateWish{.names = {"client.example.org"}}));
  EXPECT_EQ(facts.peer, PeerCheck::Verified);
  EXPECT_EQ(facts.peer_name, "client.example.org");
  EXPECT_THAT(facts.peer_digest, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_THAT(facts.peer_key_digest, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(facts.why, "");
}

TEST_F(ClientCertificate, L5_CostsNothingWhateverIsWrongWithIt) {
  const CertificateWish fine{.names = {"client.example.org"}};
  auto expired = fine, own = fine, nameless = fine, own_rsa = fine;
  expired.age = CertificateWish::Age::Expired;
  own.issuer = CertificateWish::Issuer::Itself;
  own_rsa.issuer = CertificateWish::Issuer::Itself;
  own_rsa.key = CertificateWish::Key::Rsa;
  nameless.names.clear();
  const struct {
    CertificateWish wish;
    PeerCheck peer;
    const char* why;
  } rows[] = {{expired, PeerCheck::Unverified, "expired"},
              {own, PeerCheck::Unverified, "self"},
              {own_rsa, PeerCheck::Unverified, "self"},
              {nameless, PeerCheck::Verified, ""}};
  for (const auto& row : rows) {
    for (const auto version : {Version::Tls12, Version::Tls13}) {
      const auto facts = meet(*server(), *client(row.wish, {.most = version}));
      EXPECT_EQ(facts.peer, row.peer);
      EXPECT_THAT(facts.why, HasSubstr(row.why));
      EXPECT_FALSE(facts.peer_name.empty());
    }
  }
  test::TestCa others;
  const auto unknown = others.issue("client.example.net");
  ClientOptions stranger{.ca_file = ca.authority_file()};
  stranger.key = KeyPair{unknown.certificate, unknown.key};
  EXPECT_EQ(meet(*server(), **ClientContext::load(stranger)).peer, PeerCheck::Unverified);
}

TEST_F(ClientCertificate, L5_NoneIsNeeded) {
  EXPECT_EQ(meet(*server(), *client(std::nullopt)).peer, PeerCheck::NoCertificate);
}

TEST_F(ClientCertificate, WithoutAuthoritiesNobodyIsVerified) {
  options.client_ca_file.clear();
  const auto facts = meet(*server(), *client(CertificateWish{.names = {"client.example.org"}}));
  EXPECT_EQ(facts.peer, PeerCheck::Unverified);
  EXPECT_FALSE(facts.peer_digest.empty()) << "it may still be known by its digest";
}

TEST_F(ClientCertificate, IsNotAskedForByDefault) {
  options.ask_client = false;
  const auto facts = meet(*server(), *client(CertificateWish{.names = {"client.example.org"}}));
  EXPECT_EQ(facts.peer, PeerCheck::None);
  EXPECT_EQ(facts.peer_digest, "");
}

TEST_F(ClientCertificate, IsKnownAgainOnAResumedSession) {
  const auto context = server();
  const auto cache = std::make_shared<SessionCache>();
  const CertificateWish fine{.names = {"client.example.org"}};
  auto own = fine;
  own.issuer = CertificateWish::Issuer::Itself;
  for (const auto version : {Version::Tls12, Version::Tls13}) {
    for (const auto& wish : {fine, own}) {
      const auto shows = client(wish, {.most = version});
      const auto first = meet(*context, *shows, {cache, "a"});
      auto second = meet(*context, *shows, {cache, "a"});
      EXPECT_TRUE(second.resumed);
      EXPECT_EQ(second.peer, first.peer);
      EXPECT_EQ(second.peer_digest, first.peer_digest);
      EXPECT_EQ(second.peer_name, first.peer_name);
      EXPECT_EQ(second.why, first.why);
    }
  }
}

TEST_F(ClientCertificate, ChainIsToldLeafFirst) {
  const auto shows = client(CertificateWish{.names = {"client.example.org"},
                                            .issuer = CertificateWish::Issuer::Intermediate});
  Pair both(*server(), *shows, "mx.example.org", verdict_for(trust::Level::Encrypt, {}));
  ASSERT_TRUE(both.shake_hands());
  ASSERT_TRUE(both.talk_and_part());
  const auto chain = both.server.peer_chain();
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0].subject, "CN=client.example.org");
  EXPECT_EQ(chain[1].subject, "CN=Test Intermediate");
}

TEST_F(ClientCertificate, AuthoritiesThatCannotBeReadAreNamed) {
  options.client_ca_file = "/nowhere.pem";
  const auto context = ServerContext::load(options);
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().place, "/nowhere.pem");
}

}  // namespace
}  // namespace outrider::tls
