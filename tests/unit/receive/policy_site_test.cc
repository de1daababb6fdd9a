#include "outrider/receive/policy_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::receive {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const ServedPolicies policies{{"example.org", "version: STSv1\r\nmode: enforce\r\n"}};

std::string ask(std::string_view head) { return policy_answer(head, policies); }

TEST(PolicySite, AnswersWithThePolicyOfTheHost) {
  const auto answer =
      ask("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.Example.org\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 31\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nversion: STSv1\r\nmode: enforce\r\n"));
}

TEST(PolicySite, TakesAPortAndAFinalDot) {
  for (const auto* host :
       {"mta-sts.example.org:8443", "mta-sts.example.org.", " mta-sts.example.org\t"}) {
    EXPECT_THAT(ask("GET /.well-known/mta-sts.txt HTTP/1.0\r\nA: b\r\nhost:" + std::string(host) +
                    "\r\n\r\n"),
                StartsWith("HTTP/1.1 200 OK"))
        << host;
  }
}

TEST(PolicySite, HeadHasNoBody) {
  const auto answer =
      ask("HEAD /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 31"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(PolicySite, KnowsNothingElse) {
  const std::pair<const char*, const char*> rows[] = {
      {"GET / HTTP/1.1\r\nHost: mta-sts.example.org\r\n\r\n", "404"},
      {"GET /.well-known/mta-sts.txt?x HTTP/1.1\r\nHost: mta-sts.example.org\r\n\r\n", "404"},
      {"GET /.well-known/../x HTTP/1.1\r\nHost: mta-sts.example.org\r\n\r\n", "404"},
      {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: example.org\r\n\r\n", "404"},
      {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.other.org\r\n\r\n", "404"},
      {"GET /.well-known/mta-sts.txt HTTP/1.1\r\n\r\n", "400"},
      {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: a\r\nHost: mta-sts.example.org\r\n\r\n",
       "400"},
      {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost : mta-sts.example.org\r\n\r\n", "400"},
      {"GET /.well-known/mta-sts.txt HTTP/1.1\r\n folded\r\nHost: a\r\n\r\n", "400"},
      {"GET /.well-known/mta-sts.txt HTTP/2\r\nHost: mta-sts.example.org\r\n\r\n", "400"},
      {"GET /.well-known/mta-sts.txt\r\n\r\n", "400"},
      {"\r\n\r\n", "400"},
      {"POST /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.org\r\n\r\n", "405"}};
  for (const auto& [head, status] : rows) {
    const auto answer = ask(head);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string(status))) << head;
    EXPECT_THAT(answer, Not(HasSubstr("STSv1"))) << head;
  }
}

TEST(PolicySite, NoByteOfARequestComesBack) {
  const auto answer = ask("GET /<script> HTTP/1.1\r\nHost: <script>\r\nX: <script>\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("script")));
}

}  // namespace
}  // namespace outrider::receive
