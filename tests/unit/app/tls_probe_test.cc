// Covers: app/command_line_tls.cc
#include "outrider/app/tls_probe.h"

#include <gmock/gmock.h>

#include "folder.h"
#include "support/scripted_server.h"

namespace outrider::app {
namespace {

using testing::HasSubstr;

TEST(TlsProbe, HelpTeachesWithExamplesAndExitCodes) {
  EXPECT_THAT(outrider({"tls", "--help"}).out, HasSubstr("outrider tls probe mx.example.org"));
  const auto help = outrider({"tls", "probe", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("Exit code: 0 no rule failed"));
}

TEST(TlsProbe, RulesAreListedWithoutAServer) {
  const auto list = outrider({"tls", "probe", "--list-rules"});
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.out, HasSubstr("inject-noop"));
  EXPECT_THAT(outrider({"tls", "probe", "--list-rules", "--json"}).out,
              HasSubstr("\"id\":\"offer\""));
}

TEST(TlsProbe, ErrorsOfUsageAreTold) {
  EXPECT_EQ(outrider({"tls"}).code, 64);
  EXPECT_EQ(outrider({"tls", "probe"}).code, 64);
  EXPECT_EQ(outrider({"tls", "probe", "mx", "--list-rules"}).code, 64);
  EXPECT_EQ(outrider({"tls", "probe", "mx", "--starttls", "none"}).code, 64);
  EXPECT_EQ(outrider({"tls", "probe", "mx", "--timeout", "0"}).code, 64);
  EXPECT_EQ(outrider({"tls", "probe", "mx:0"}).code, 64);
  const auto unknown = outrider({"tls", "probe", "127.0.0.1:1", "--only", "offer,nothing"});
  EXPECT_EQ(unknown.code, 64);
  EXPECT_THAT(unknown.err, HasSubstr("\"nothing\""));
}

TEST(TlsProbe, WhoDoesNotAnswerOrGreetIsUnavailable) {
  EXPECT_EQ(outrider({"tls", "probe", "127.0.0.1:1"}).code, 69);
  const test::ScriptedServer busy({.greeting = "554 5.3.2 no"});
  const auto ran = outrider({"tls", "probe", "127.0.0.1:" + std::to_string(busy.port())});
  EXPECT_EQ(ran.code, 69);
  EXPECT_THAT(ran.err, HasSubstr("554 5.3.2 no"));
}

TEST(TlsProbe, AFileOfAuthoritiesThatIsNotThereIsNoInput) {
  const auto ran = outrider({"tls", "probe", "127.0.0.1:1", "--ca-file", "/nowhere.pem"});
  EXPECT_EQ(ran.code, 66);
  EXPECT_THAT(ran.err, HasSubstr("/nowhere.pem"));
}

TEST(TlsProbe, AFailedRuleIsOneAndTheReportIsPrinted) {
  const test::ScriptedServer server({});
  const auto ran = outrider({"tls", "probe", "127.0.0.1:" + std::to_string(server.port()), "--only",
                             "clear-mail,offer", "-v", "--helo", "me.test"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, testing::StartsWith("fail     offer "));
  EXPECT_THAT(ran.out, HasSubstr("         C: EHLO me.test\n"));
  EXPECT_THAT(ran.out, HasSubstr("(STARTTLS): 1 pass, 1 fail\n"));
}

}  // namespace
}  // namespace outrider::app
