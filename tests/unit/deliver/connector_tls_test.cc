// TLS on connections to next hops, with a server that does as it is told.
#include <gmock/gmock.h>

#include "outrider/deliver/connector.h"
#include "unit/deliver/secured.h"

namespace outrider::deliver {
namespace {

TEST(ConnectorTls, UsesItWhereItIsOfferedAndLogsIt) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(server.messages()[0].secure);
  EXPECT_EQ(server.count("EHLO"), 2u) << "RFC 3207 §4.2";
  EXPECT_TRUE(site.post.logs("tls=TLSv1.3/")) << site.post.log();
  EXPECT_TRUE(site.post.logs("level=opportunistic"));
}

TEST(ConnectorTls, R3_T5_GoesOnInClearWhereAHandshakeFailsAndNoneIsDemanded) {
  Secured site;
  ScriptedServer server({.breaks_tls = true});
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_FALSE(server.messages()[0].secure);
  EXPECT_EQ(server.connections, 2);
  EXPECT_TRUE(site.post.logs("tls failed"));
  EXPECT_TRUE(site.post.logs("tls=none"));
}

// CVE-2021-22947 and its like: what stands behind the 220 is nobody's, and the connection is left.
TEST(ConnectorTls, R2_LeavesAServerThatSpeaksInClearBehindIts220) {
  Secured site;
  ScriptedServer::Rules rules{.tls = site.context};
  rules.answer = [](std::string_view command) -> std::string {
    return command == "STARTTLS" ? "220 go\r\n250 2.0.0 injected" : "";
  };
  ScriptedServer server(rules);
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(ConnectorTls, R3_GoesOnInClearWhereStartTlsIsRefused) {
  Secured site;
  ScriptedServer::Rules rules{.tls = site.context};
  rules.answer = [](std::string_view command) -> std::string {
    return command == "STARTTLS" ? "454 4.7.0 not now" : "";
  };
  ScriptedServer server(rules);
  site.route(server, "opportunistic");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.connections, 1);
}

TEST(ConnectorTls, AsksForNoneWhereTheRouteWantsNone) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "none");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.count("STARTTLS"), 0u);
}

enum class Without { Offer, Handshake, Go };
class TlsDemanded : public testing::TestWithParam<Without> {};

// Below the level that is demanded nothing is sent, not even an address.
TEST_P(TlsDemanded, L8_R8_SendsNothingInClear) {
  Secured site;
  ScriptedServer::Rules rules;
  if (GetParam() == Without::Handshake) rules.breaks_tls = true;
  if (GetParam() == Without::Go) {
    rules.tls = site.context;
    rules.answer = [](std::string_view command) -> std::string {
      return command == "STARTTLS" ? "454 4.7.0 not now" : "";
    };
  }
  ScriptedServer server(rules);
  site.route(server, "encrypt");
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}
INSTANTIATE_TEST_SUITE_P(All, TlsDemanded,
                         testing::Values(Without::Offer, Without::Handshake, Without::Go));

TEST(ConnectorTls, VerifiesTheNameWhereThatIsDemanded) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "verify");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_TRUE(site.post.logs("/verified level=verify")) << site.post.log();
}

TEST(ConnectorTls, SendsNothingToAHostWithAnotherName) {
  Secured site;
  site.post.world.addresses["other.test"] = {*IpAddress::parse("127.0.0.1")};
  ScriptedServer server({.tls = site.context});
  site.route(server, "verify", "smtp", "other.test");
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(ConnectorTls, BeginsWithItOnSmtps) {
  Secured site;
  ScriptedServer server({.tls = site.context, .implicit_tls = true});
  site.route(server, "verify", "smtps");
  site.post.start();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  ASSERT_EQ(server.messages().size(), 1u);
  EXPECT_TRUE(server.messages()[0].secure);
  EXPECT_EQ(server.count("STARTTLS"), 0u);
}

// RFC 8314 §3: TLS from the first byte, or nothing, whatever the level.
TEST(ConnectorTls, NeverFallsBackToClearOnSmtps) {
  Secured site;
  ScriptedServer server({});
  site.route(server, "opportunistic", "smtps");
  site.post.options.time.handshake = 1s;
  site.post.start();
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_EQ(server.count("EHLO"), 0u);
}

// H7: the 1997 draft at a destination.
TlsProfile draft(smtp::StartTlsForm form = smtp::StartTlsForm::DraftHoffman) {
  TlsProfile profile;
  profile.form = form;
  return profile;
}

TEST(ConnectorDraft, H7_IsSpokenToAServerThatKnowsNothingElse) {
  for (const auto form : {smtp::StartTlsForm::DraftHoffman, smtp::StartTlsForm::Both}) {
    Secured site;
    ScriptedServer server({.tls = site.context, .tls_keyword = "TLS TLS1.2 SSL3.0"});
    site.route(server, "verify", "smtp", "mx.away.test", draft(form));
    site.send();
    ASSERT_TRUE(site.post.is_empty()) << site.post.log();
    EXPECT_EQ(server.count("STARTTLS TLS1.2"), 1u);
    EXPECT_EQ(server.count("EHLO"), 2u) << "R5: said again inside";
    EXPECT_TRUE(server.messages().at(0).secure);
    EXPECT_TRUE(site.post.logs("tls=TLSv1.2/")) << "both know 1.3: " << site.post.log();
  }
}

// The client keeps to the token itself: no other version is offered in its ClientHello.
TEST(ConnectorDraft, H7_NegotiatesNoOtherVersionThanTheOneItAskedFor) {
  Secured site;
  ScriptedServer server({.tls = site.context, .tls_keyword = "TLS TLS1.2", .heeds_token = false});
  site.route(server, "encrypt", "smtp", "mx.away.test", draft());
  site.send();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_TRUE(site.post.logs("tls=TLSv1.2/")) << "the server would take 1.3: " << site.post.log();
}

TEST(ConnectorDraft, H7_TriesLowerVersionsWhereNoneIsListed) {
  Secured site;
  ScriptedServer::Rules rules{.tls = site.context, .tls_keyword = "TLS"};
  rules.answer = [](std::string_view command) -> std::string {
    return command == "STARTTLS TLS1.3" ? "504 Sorry, I don't know how to TLS1.3" : "";
  };
  ScriptedServer server(rules);
  site.route(server, "encrypt", "smtp", "mx.away.test", draft());
  site.send();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.connections, 1);
  EXPECT_TRUE(site.post.logs("tls=TLSv1.2/")) << site.post.log();
}

TEST(ConnectorDraft, H7_IsNotSpokenWhereNobodyAskedForIt) {
  Secured site;
  ScriptedServer server({.tls = site.context, .tls_keyword = "TLS TLS1.2"});
  site.route(server, "encrypt");
  site.send();
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("STARTTLS"), 0u);
}

TEST(ConnectorDraft, H7_WaitsWhereNoTokenIsKnownToBothAndTlsIsDemanded) {
  Secured site;
  ScriptedServer server({.tls = site.context, .tls_keyword = "TLS SSL3.0 TLS1.0"});
  site.route(server, "encrypt", "smtp", "mx.away.test", draft());
  site.send();
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("STARTTLS"), 0u);
}

// What a destination settles for itself.
TlsProfile with(tls::Parameters parameters) {
  TlsProfile profile;
  profile.parameters = std::move(parameters);
  return profile;
}

tls::Parameters only(tls::Version version) {
  tls::Parameters parameters;
  parameters.least = parameters.most = version;
  if (version < tls::Version::Tls12) parameters.ciphers = "DEFAULT:@SECLEVEL=0";
  return parameters;
}

TEST(ConnectorProfile, T6_AnOldVersionIsUsedWhereTheRouteAllowsIt) {
  Secured site;
  ScriptedServer server({.tls = site.context_of(only(tls::Version::Tls10))});
  auto parameters = only(tls::Version::Tls10);
  parameters.most = tls::Version::Tls13;
  site.route(server, "encrypt", "smtp", "mx.away.test", with(parameters));
  site.send();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_TRUE(site.post.logs("tls=TLSv1/")) << site.post.log();
}

TEST(ConnectorProfile, T6_AndNowhereElse) {
  Secured site;
  ScriptedServer server({.tls = site.context_of(only(tls::Version::Tls10))});
  site.route(server, "encrypt");
  site.send();
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(ConnectorProfile, T6_AVersionThatIsTooOldForTheRouteIsNotUsed) {
  Secured site;
  ScriptedServer server({.tls = site.context_of(only(tls::Version::Tls12))});
  site.route(server, "encrypt", "smtp", "mx.away.test", with(only(tls::Version::Tls13)));
  site.send();
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(ConnectorProfile, NamesOfTheRouteAreThoseThatAreVerified) {
  for (const bool right : {true, false}) {
    Secured site;
    site.post.world.addresses["other.test"] = {*IpAddress::parse("127.0.0.1")};
    ScriptedServer server({.tls = site.context});
    TlsProfile profile;
    profile.names = {"nobody.test", right ? "mx.away.test" : "other.test"};
    site.route(server, "verify", "smtp", "other.test", profile);
    site.send();
    EXPECT_TRUE(site.post.logs(right ? "/verified level=verify" : "dsn=4.7.5")) << site.post.log();
    EXPECT_EQ(server.messages().size(), right ? 1u : 0u);
  }
}

// H5: RFC 3207 §4.1. The library keeps to its settings; so what it was set to and what the route
// demands differ here.
TEST(ConnectorProfile, H5_R7_LeavesWithQuitWhereThereIsNoPrivacy) {
  for (const bool demanded : {true, false}) {
    Secured site;
    auto open = only(tls::Version::Tls12);
    ScriptedServer server({.tls = site.context_of(open)});
    auto client = site.client;
    client.parameters = open;
    // As if TLS 1.2 had come about although 1.3 is the least that is allowed.
    auto strict = open;
    strict.least = strict.most = tls::Version::Tls13;
    site.post.contexts = TlsContexts(*tls::ClientContext::load(client), strict);
    site.route(server, demanded ? "encrypt" : "opportunistic");
    site.send();
    EXPECT_TRUE(site.post.logs("TLSv1.2 is older than TLSv1.3")) << site.post.log();
    if (demanded) EXPECT_TRUE(site.post.logs("status=deferred"));
    if (!demanded) EXPECT_TRUE(site.post.is_empty());
    EXPECT_EQ(server.count("QUIT"), 1u);
    EXPECT_EQ(server.count("EHLO"), demanded ? 1u : 2u) << "nothing but QUIT inside";
  }
}

// Resumption.
TEST(ConnectorSessions, AreResumedAtTheSameDestination) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.route(server, "verify");
  site.post.options.reuse.idle = 0s;
  site.send();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  site.post.put_to("anna@away.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.connections, 2);
  EXPECT_TRUE(site.post.logs("/verified/resumed level=verify")) << site.post.log();
  EXPECT_EQ(site.post.deliverer->counts().resumed, 1u);
}

TEST(ConnectorSessions, AreNotResumedUnderAnotherPolicy) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  const std::string next = "smtp://[mx.away.test]:" + port_of(server);
  site.post.route("one.test", next + "?tls=encrypt");
  site.post.route("two.test", next + "?tls=verify");
  site.post.options.reuse.idle = 0s;
  site.post.start();
  for (const char* to : {"a@one.test", "a@two.test"}) {
    site.post.put_to(to);
    ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  }
  EXPECT_EQ(site.post.deliverer->counts().resumed, 0u);
  site.post.put_to("a@two.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(site.post.deliverer->counts().resumed, 1u);
}

TEST(ConnectorSessions, AreNotResumedWithAContextOfAReload) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  site.post.route("one.test", "smtp://[mx.away.test]:" + port_of(server) + "?tls=encrypt");
  site.post.options.reuse.idle = 0s;
  site.post.start();
  site.post.put_to("a@one.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  auto routes = std::make_shared<Routes>();
  site.post.deliverer->reload(routes, *tls::ClientContext::load(site.client));
  site.post.put_to("a@one.test");
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(site.post.deliverer->counts().resumed, 0u);
}

// L8: the message is kept as long as the server fails it, and the notice tells why.
TEST(ConnectorTls, L8_InsistsUntilTheLifetimeEndsAndSaysWhy) {
  Secured site;
  ScriptedServer server({});
  site.route(server, "verify");
  site.post.retry.lifetime = 1500ms;
  site.post.options.dead.first = 50ms;
  site.send();
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
  EXPECT_TRUE(site.post.logs("status=deferred"));
  EXPECT_TRUE(site.post.logs("status=expired"));
  const auto notices = site.post.mailbox("sender");
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_NE(notices[0].find("Diagnostic-Code: X-Outrider; 450 4.7.5"), std::string::npos);
  EXPECT_NE(notices[0].find("TLS is demanded"), std::string::npos) << notices[0];
  EXPECT_NE(notices[0].find("does not offer STARTTLS"), std::string::npos);
}

}  // namespace
}  // namespace outrider::deliver
