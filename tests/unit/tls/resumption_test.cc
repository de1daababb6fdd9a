#include "outrider/tls/resumption.h"

#include <gmock/gmock.h>

#include <csignal>

#include "outrider/tls/ticket_state.h"
#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::HasSubstr;
using trust::Level;

class Resuming : public testing::Test {
 protected:
  Resuming() { std::signal(SIGPIPE, SIG_IGN); }
  std::shared_ptr<const ServerContext> load(ServerOptions options) {
    options.keys = {{files.certificate, files.key}};
    auto context = ServerContext::load(options);
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  std::shared_ptr<const ClientContext> client(const Parameters& parameters = {}) {
    return *ClientContext::load({.ca_file = ca.authority_file(), .parameters = parameters});
  }
  Resumption place(const std::string& key = "mx.example.org:25") { return {cache, key}; }

  // The client's facts of one connection to its end.
  TlsFacts connect(const ServerContext& server, const ClientContext& context, Level level,
                   const std::string& name = "mx.example.org", const std::string& key = "a") {
    Pair both(server, context, "mx.example.org", verdict_for(level, {name}), place(key));
    EXPECT_TRUE(both.shake_hands()) << both.client.error() << both.server.error();
    EXPECT_TRUE(both.talk_and_part());
    EXPECT_EQ(both.server.facts().resumed, both.client.facts().resumed);
    return both.client.facts();
  }

  test::TestCa ca;
  test::TestCa::Files files = ca.issue({.names = {"mx.example.org", "example.org"}});
  std::shared_ptr<SessionCache> cache = std::make_shared<SessionCache>();
  const Parameters tls12{.most = Version::Tls12};
};

TEST_F(Resuming, T2_ASecondConnectionResumes) {
  const auto server = load({});
  for (const auto& parameters : {Parameters{}, tls12}) {
    const auto context = client(parameters);
    const auto first = connect(*server, *context, Level::Verify);
    const auto second = connect(*server, *context, Level::Verify);
    EXPECT_FALSE(first.resumed);
    EXPECT_TRUE(second.resumed) << second.version;
    EXPECT_EQ(second.version, first.version);
    EXPECT_EQ(second.peer, PeerCheck::Verified);
    EXPECT_EQ(second.peer_name, "mx.example.org");
    EXPECT_EQ(second.peer_digest, first.peer_digest);
    EXPECT_EQ(second.why, "");
  }
}

// RFC 8446 §4.2.9: psk_dhe_ke alone, so that a stolen ticket key reads nothing.
TEST_F(Resuming, T4_KeysAreExchangedAgain) {
  const auto server = load({});
  const auto context = client();
  const auto first = connect(*server, *context, Level::Verify);
  const auto second = connect(*server, *context, Level::Verify);
  ASSERT_TRUE(second.resumed);
  EXPECT_EQ(second.group, first.group);
  EXPECT_FALSE(second.group.empty());
  EXPECT_EQ(SSL_CTX_get_options(server->native()) & SSL_OP_ALLOW_NO_DHE_KEX, 0u);
}

TEST_F(Resuming, T4_OneTicketAHandshakeUsedOnce) {
  const auto server = load({});
  for (const auto& parameters : {Parameters{}, tls12}) {
    const auto context = client(parameters);
    connect(*server, *context, Level::Verify);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(cache->size(), 1u) << "a new one came";
      Pair both(*server, *context, "mx.example.org", verdict_for(Level::Verify, {"mx.example.org"}),
                place("a"));
      EXPECT_EQ(cache->size(), 0u) << "it is taken out, whatever becomes of it";
      ASSERT_TRUE(both.shake_hands());
      EXPECT_TRUE(both.talk_and_part());
      EXPECT_TRUE(both.client.facts().resumed);
    }
    cache->forget_all();
  }
}

TEST_F(Resuming, ASuddenEndSpoilsNoSession) {
  const auto server = load({});
  const auto context = client();
  {
    Pair both(*server, *context, "mx.example.org", verdict_for(Level::Verify, {"mx.example.org"}),
              place("a"));
    ASSERT_TRUE(both.shake_hands());
    EXPECT_EQ(Pair::move(both.server, both.client, "220"), "220");
  }
  EXPECT_TRUE(connect(*server, *context, Level::Verify).resumed);
}

TEST_F(Resuming, NothingIsResumedUnderAnotherPolicy) {
  const auto server = load({});
  const auto context = client();
  connect(*server, *context, Level::Opportunistic);
  EXPECT_FALSE(connect(*server, *context, Level::Verify).resumed) << "another level";
  EXPECT_FALSE(connect(*server, *context, Level::Verify, "example.org").resumed) << "another name";
  EXPECT_FALSE(connect(*server, *context, Level::Verify, "example.org", "b").resumed)
      << "another place";
  EXPECT_FALSE(connect(*server, *client(), Level::Verify).resumed) << "another context";
  EXPECT_TRUE(connect(*server, *context, Level::Opportunistic).resumed);
  EXPECT_TRUE(connect(*server, *context, Level::Verify).resumed);
}

TEST_F(Resuming, WhatWasNotVerifiedStaysSo) {
  const auto own =
      ca.issue({.names = {"mx.example.org"}, .issuer = CertificateWish::Issuer::Itself});
  const auto server = *ServerContext::load({{{own.certificate, own.key}}});
  const auto context = client();
  const auto first = connect(*server, *context, Level::Opportunistic);
  const auto second = connect(*server, *context, Level::Opportunistic);
  ASSERT_TRUE(second.resumed);
  EXPECT_EQ(second.peer, PeerCheck::Unverified);
  EXPECT_EQ(second.why, first.why);
  EXPECT_EQ(second.peer_digest, first.peer_digest);
}

// Somebody puts a session where it does not belong: it is looked at, and not believed.
TEST_F(Resuming, ASessionUnderAWrongKeyIsNoWayAroundTheNameCheck) {
  const auto own =
      ca.issue({.names = {"mx.example.org"}, .issuer = CertificateWish::Issuer::Itself});
  const auto context = client();
  const auto number = [&] {
    const auto good = load({});
    connect(*good, *context, Level::Verify, "mx.example.org", "learn");
    return good;
  }();
  // The full key begins with the place: `learn`, context, host, level, names.
  const auto find = [&](const std::string& key) {
    for (int i = 1; i < 1000; ++i) {
      const auto full = key + "\n" + std::to_string(i) + "\nmx.example.org\nverify\nmx.example.org";
      if (SSL_SESSION* session = cache->take(full)) {
        SSL_SESSION_free(session);
        return full;
      }
    }
    return std::string();
  };
  const auto full = find("learn");
  ASSERT_FALSE(full.empty());

  const auto server = *ServerContext::load({{{own.certificate, own.key}}});
  connect(*server, *context, Level::Opportunistic, "mx.example.org", "weak");
  const auto weak =
      "weak" + full.substr(5, full.find("verify") - 5) + "opportunistic\nmx.example.org";
  SSL_SESSION* session = cache->take(weak);
  ASSERT_NE(session, nullptr);
  cache->keep(full, session);
  Pair both(*server, *context, "mx.example.org", verdict_for(Level::Verify, {"mx.example.org"}),
            place("learn"));
  EXPECT_FALSE(both.shake_hands());
  EXPECT_THAT(both.client.error(), HasSubstr("the resumed session: self"));
}

TEST_F(Resuming, AFailedVerificationKeepsNothing) {
  const auto own =
      ca.issue({.names = {"mx.example.org"}, .issuer = CertificateWish::Issuer::Itself});
  const auto server = *ServerContext::load({{{own.certificate, own.key}}});
  Pair both(*server, *client(), "mx.example.org", verdict_for(Level::Verify, {"mx.example.org"}),
            place());
  EXPECT_FALSE(both.shake_hands());
  EXPECT_EQ(cache->size(), 0u);
}

TEST_F(Resuming, T4_TicketsOutliveAReloadOfTheCertificate) {
  const auto keys = std::make_shared<TicketKeys>(std::chrono::hours(1));
  const auto context = client();
  connect(*load({.ticket_keys = keys, .service = "mx"}), *context, Level::Verify);
  files = ca.issue("mx.example.org");
  EXPECT_TRUE(
      connect(*load({.ticket_keys = keys, .service = "mx"}), *context, Level::Verify).resumed);
  EXPECT_FALSE(connect(*load({.service = "mx"}), *context, Level::Verify).resumed) << "other keys";
}

TEST_F(Resuming, ATicketIsOfNoUseElsewhere) {
  const auto keys = std::make_shared<TicketKeys>(std::chrono::hours(1));
  const ServerOptions mx{.ticket_keys = keys, .service = "mx"};
  ServerOptions submission = mx, asking = mx, knowing = mx, newer = mx;
  submission.service = "submission";
  asking.ask_client = true;
  knowing.ask_client = true;
  knowing.client_ca_file = ca.authority_file();
  newer.parameters.least = Version::Tls13;
  const auto context = client();
  const auto home = load(mx);
  for (const auto& other : {submission, asking, newer}) {
    connect(*home, *context, Level::Verify);
    EXPECT_FALSE(connect(*load(other), *context, Level::Verify).resumed);
    cache->forget_all();
  }
  connect(*load(asking), *context, Level::Verify);
  EXPECT_FALSE(connect(*load(knowing), *context, Level::Verify).resumed) << "other authorities";
}

TEST_F(Resuming, TicketsCanBeTurnedOff) {
  const auto server = load({.parameters = {.tickets = false}});
  for (const auto& parameters : {Parameters{}, tls12}) {
    const auto context = client(parameters);
    connect(*server, *context, Level::Verify);
    EXPECT_FALSE(connect(*server, *context, Level::Verify).resumed);
  }
  EXPECT_EQ(cache->size(), 0u);
  auto never = tls12;
  never.tickets = false;
  for (const auto& parameters : {Parameters{.tickets = false}, never}) {
    const auto context = client(parameters);
    connect(*load({}), *context, Level::Verify);
    EXPECT_EQ(cache->size(), 0u);
  }
}

TEST_F(Resuming, WithoutACacheThereIsNone) {
  const auto server = load({});
  const auto context = client();
  for (int i = 0; i < 2; ++i) {
    Pair both(*server, *context, "mx.example.org", verdict_for(Level::Verify, {"mx.example.org"}));
    ASSERT_TRUE(both.shake_hands());
    both.talk_and_part();
    EXPECT_FALSE(both.client.facts().resumed);
  }
}

// The key before the current one still reads, and the ticket is exchanged for one of the new key.
TEST_F(Resuming, T4_ATicketOfThePreviousKeyIsRenewed) {
  const auto keys = std::make_shared<TicketKeys>(std::chrono::hours(1));
  const auto server = load({.ticket_keys = keys});
  auto later = steady_now();
  const auto rotate = [&] { keys->state().current(later += keys->lifetime()); };
  for (const auto& parameters : {Parameters{}, tls12}) {
    const auto context = client(parameters);
    connect(*server, *context, Level::Verify);
    for (int i = 0; i < 2; ++i) {
      rotate();
      EXPECT_TRUE(connect(*server, *context, Level::Verify).resumed);
    }
    rotate();
    rotate();
    EXPECT_FALSE(connect(*server, *context, Level::Verify).resumed);
  }
}

}  // namespace
}  // namespace outrider::tls
