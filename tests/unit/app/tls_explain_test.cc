#include "outrider/app/tls_explain.h"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

namespace outrider::app {
namespace {

using testing::HasSubstr;

deliver::Explanation explanation() {
  deliver::ExplainedHost each;
  each.host.name = "mx.example.org";
  each.host.canonical = "real.example.org";
  each.host.preference = 10;
  each.host.sure = each.host.secure = true;
  each.host.addresses = {*IpAddress::parse("192.0.2.1")};
  each.host.ttl = std::chrono::seconds(300);
  auto& facts = each.outlook.facts;
  facts.destination = "example.org";
  facts.mx_host = each.host.name;
  facts.dane.state = trust::DaneState::Usable;
  facts.dane.base = "real.example.org";
  facts.dane.records = {{3, 1, 1, std::string(32, '\xab')}};
  facts.sts.emplace();
  facts.sts->mode = trust::StsMode::Testing;
  facts.sts->mx = {"*.example.org"};
  facts.sts->id = "42";
  each.verdict = trust::decide(facts);
  deliver::Explanation explanation;
  explanation.destination = explanation.domain = "example.org";
  explanation.route = "mx";
  explanation.hosts.push_back(std::move(each));
  return explanation;
}

TEST(TlsExplain, PeopleReadEveryFact) {
  const auto text = explanation_text(explanation_to_json(explanation()));
  for (const auto* part :
       {"example.org goes by mx", "mx.example.org (preference 10)", "alias of   real.example.org",
        "192.0.2.1 (signed; believed for 300 s)", "DANE       usable at real.example.org",
        "3 1 1 abab", "MTA-STS    testing, id 42, lists *.example.org", "verdict    dane",
        "names      real.example.org, example.org", "RFC 7672", "gives way to DANE"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(TlsExplain, ProgramsReadTheSame) {
  const auto json = boost::json::serialize(explanation_to_json(explanation()));
  for (const auto* part : {"\"ok\":true", "\"level\":\"dane\"", "\"otherwise\":\"wait\"",
                           "\"state\":\"usable\"", "\"source\":\"mta-sts\""}) {
    EXPECT_THAT(json, HasSubstr(part));
  }
}

TEST(TlsExplain, SaysWhatStopsAHost) {
  auto stopped = explanation();
  auto& each = stopped.hosts.front();
  each.outlook.facts.dane.state = trust::DaneState::Bogus;
  each.outlook.facts.dane.why = "signature expired\n";
  each.verdict = trust::decide(each.outlook.facts);
  const auto text = explanation_text(explanation_to_json(stopped));
  EXPECT_THAT(text, HasSubstr("not tried, wait: the TLSA records of mx.example.org cannot be "
                              "known, bogus: signature expired\\x0a"));
}

TEST(TlsExplain, SaysWhyAPolicyIsNotKnown) {
  auto unknown = explanation();
  auto& outlook = unknown.hosts.front().outlook;
  outlook.facts.sts.reset();
  outlook.facts.sts_unknown = true;
  outlook.sts.unknown = "name servers answer SERVFAIL";
  const auto text = explanation_text(explanation_to_json(unknown));
  EXPECT_THAT(text, HasSubstr("MTA-STS    not known: name servers answer SERVFAIL"));
}

TEST(TlsExplain, SaysWhereNoServerIsInvolved) {
  deliver::Explanation explanation;
  explanation.destination = "home.test";
  explanation.route = "discard";
  explanation.connects = false;
  EXPECT_THAT(explanation_text(explanation_to_json(explanation)),
              HasSubstr("No other server is involved."));
  explanation.connects = true;
  explanation.nowhere = smtp::Reply(550, "5.1.2", "no such domain");
  EXPECT_THAT(explanation_text(explanation_to_json(explanation)),
              HasSubstr("No host: 550 5.1.2 no such domain"));
}

}  // namespace
}  // namespace outrider::app
