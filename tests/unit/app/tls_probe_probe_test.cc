// Rules against a server that does what a test tells it; tests/system/test_tls_probe.py has all of
// them, each with a server that keeps it and one that breaks it.
// Covers: app/tls_probe_clear.cc app/tls_probe_injection.cc app/tls_probe_inside.cc
// Covers: app/tls_probe_protocol.cc app/tls_probe_suites.cc app/tls_probe_extensions.cc
// Covers: app/tls_probe_certificate.cc
#include "outrider/app/tls_probe_probe.h"

#include <gmock/gmock.h>

#include "support/scripted_server.h"
#include "support/test_ca.h"

namespace outrider::app::probe {
namespace {

using test::ScriptedServer;
using testing::HasSubstr;

std::string with_starttls(std::string_view command) {
  return command.starts_with("EHLO") ? "250-mx.test\r\n250-ENHANCEDSTATUSCODES\r\n250 STARTTLS"
                                     : "";
}

class AProbe : public testing::Test {
 protected:
  AProbe() {
    options_.helo = "probe.test";
    options_.name = "mx.test";
    options_.ca_file = ca_.authority_file();
    options_.timeout = std::chrono::seconds(5);
  }

  std::shared_ptr<const tls::ServerContext> server_tls(tls::Parameters parameters = {}) {
    const auto files = ca_.issue("mx.test");
    tls::ServerOptions options;
    options.keys = {{files.certificate, files.key}};
    options.parameters = parameters;
    return *tls::ServerContext::load(options);
  }

  Finding ask(const ScriptedServer& server, std::string_view rule) {
    Target target{.host = "127.0.0.1", .port = server.port(), .implicit = implicit_};
    Probe probe(options_, target, {*Endpoint::parse(target.text())});
    return judge(probe, *rule_named(rule));
  }
  Verdict verdict(const ScriptedServer& server, std::string_view rule) {
    return ask(server, rule).verdict;
  }

  test::TestCa ca_;
  ProbeOptions options_;
  bool implicit_ = false;
};

TEST_F(AProbe, OfAServerWithoutTlsSkipsWhatNeedsIt) {
  const ScriptedServer server({});
  EXPECT_EQ(verdict(server, "offer"), Verdict::Fail);
  const auto finding = ask(server, "handshake");
  EXPECT_EQ(finding.verdict, Verdict::Skipped);
  EXPECT_EQ(finding.text, "STARTTLS is not offered");
}

TEST_F(AProbe, AsksNothingOnceItsTimeIsOver) {
  const ScriptedServer server({});
  options_.timeout = std::chrono::seconds(0);
  const auto finding = ask(server, "offer");
  EXPECT_EQ(finding.verdict, Verdict::Skipped);
  EXPECT_EQ(finding.text, "the time was over before");
  EXPECT_EQ(server.connections, 0);
}

TEST_F(AProbe, R1_SeesHowStarttlsIsAnswered) {
  const ScriptedServer server({.answer = [](std::string_view command) -> std::string {
    if (command == "STARTTLS x") return "501 5.5.4 alone";
    if (command == "STARTTLS") return "454 4.7.0 not now";
    return with_starttls(command);
  }});
  EXPECT_EQ(verdict(server, "offer"), Verdict::Pass);
  EXPECT_EQ(verdict(server, "parameter"), Verdict::Pass);
  EXPECT_EQ(ask(server, "ready").text, "TLS is offered, and then not available: 454 4.7.0 not now");
  EXPECT_EQ(verdict(server, "enhanced-codes"), Verdict::Pass);
  EXPECT_EQ(ask(server, "tls-1.0").verdict, Verdict::Skipped);
}

TEST_F(AProbe, R4_KnowsADemandOfTlsFromOthers) {
  std::string reply;
  const ScriptedServer server({.answer = [&reply](std::string_view command) -> std::string {
    return command.starts_with("MAIL") ? reply : with_starttls(command);
  }});
  reply = "530 5.7.0 Must issue a STARTTLS command first";
  EXPECT_EQ(verdict(server, "clear-mail"), Verdict::Pass);
  reply = "530 Must issue a STARTTLS command first";
  EXPECT_EQ(verdict(server, "clear-mail"), Verdict::Warn);
  reply = "550 5.7.1 no TLS, no mail";
  EXPECT_EQ(verdict(server, "clear-mail"), Verdict::Warn);
  reply = "530 5.7.0 Authentication required";
  EXPECT_EQ(verdict(server, "clear-mail"), Verdict::Note);
}

TEST_F(AProbe, R2_SeesCommandsThatAreCarriedOutBehindStarttls) {
  // This one keeps what it has read, and answers it inside TLS.
  const ScriptedServer careless({.tls = server_tls()});
  const auto finding = ask(careless, "inject-noop");
  EXPECT_EQ(finding.verdict, Verdict::Fail);
  EXPECT_THAT(finding.text, HasSubstr("carried out inside TLS"));
  const ScriptedServer careful({.answer = [](std::string_view command) -> std::string {
    return command == "STARTTLS" ? "554 5.5.0 no" : with_starttls(command);
  }});
  EXPECT_EQ(verdict(careful, "inject-noop"), Verdict::Pass);
}

TEST_F(AProbe, R6_LooksInsideTls) {
  const ScriptedServer server({.tls = server_tls()});
  EXPECT_EQ(verdict(server, "handshake"), Verdict::Pass);
  EXPECT_EQ(verdict(server, "offer-inside"), Verdict::Pass);
  EXPECT_EQ(verdict(server, "starttls-inside"), Verdict::Fail);  // 220 again
  EXPECT_EQ(verdict(server, "mail-forgotten"), Verdict::Fail);   // 250 to RCPT
}

TEST_F(AProbe, T6_AsksForVersionsThatTheLibraryWouldNot) {
  const ScriptedServer server({.tls = server_tls({.most = tls::Version::Tls12})});
  EXPECT_EQ(verdict(server, "ssl-3.0"), Verdict::Pass);
  EXPECT_EQ(verdict(server, "tls-1.1"), Verdict::Pass);
  EXPECT_EQ(verdict(server, "tls-1.2"), Verdict::Pass);
  EXPECT_EQ(verdict(server, "tls-1.3"), Verdict::Warn);
  const ScriptedServer old({.tls = server_tls({.least = tls::Version::Tls11})});
  EXPECT_EQ(verdict(old, "tls-1.1"), Verdict::Fail);
  EXPECT_EQ(verdict(old, "cbc-suites"), Verdict::Warn);
}

TEST_F(AProbe, T3_AsksForSuitesAndExtensions) {
  implicit_ = true;
  const ScriptedServer server({.tls = server_tls(), .implicit_tls = true});
  for (const auto* rule :
       {"suite", "order", "broken-suites", "anonymous-suites", "static-suites", "cbc-suites",
        "compression", "secure-renegotiation", "renegotiation", "master-secret", "alpn-own",
        "alpn-foreign", "downgrade-mark", "fallback", "resumption-1.2", "resumption-1.3"}) {
    const auto finding = ask(server, rule);
    EXPECT_EQ(finding.verdict, Verdict::Pass) << rule << ": " << finding.text;
  }
  EXPECT_EQ(verdict(server, "offer"), Verdict::Skipped);
}

TEST_F(AProbe, JudgesTheCertificate) {
  const ScriptedServer server({.tls = server_tls()});
  for (const auto* rule : {"certificate-name", "certificate-trust", "certificate-chain",
                           "certificate-time", "certificate-key"}) {
    const auto finding = ask(server, rule);
    EXPECT_EQ(finding.verdict, Verdict::Pass) << rule << ": " << finding.text;
  }
  options_.name = "other.test";
  EXPECT_EQ(ask(server, "certificate-name").text, "other.test is none of: mx.test");
  EXPECT_EQ(verdict(server, "certificate-trust"), Verdict::Pass);  // its name is another matter
  options_.ca_file.clear();
  EXPECT_EQ(verdict(server, "certificate-trust"), Verdict::Warn);
}

}  // namespace
}  // namespace outrider::app::probe
