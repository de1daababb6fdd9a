// Covers: report/date_time.cc
#include "outrider/report/tls_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outrider/report/gzip.h"
#include "support/vectors.h"

namespace outrider::report {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TlsReport report() {
  TlsReport report{"Example",
                   "tls@example.org",
                   "1@example.org",
                   Time(1'700'000'000'000ms),
                   Time(1'700'086'400'000ms),
                   {}};
  PolicyResult sts{
      "sts", {"version: STSv1", "mode: enforce"}, "example.com", {"*.example.com"}, 10, 2, {}};
  sts.details.push_back({"certificate-expired", "192.0.2.1", "mx.example.com", "mx", "192.0.2.2", 2,
                         "https://example.org/why", "certificate has expired"});
  report.policies = {sts, {"no-policy-found", {}, "example.com", {}, 1, 0, {}}};
  return report;
}

TEST(TlsReport, ComesBackAsItWasWritten) {
  const auto read = parse_report(report_json(report()));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, report());
  EXPECT_EQ(failures(*read), 2u);
  EXPECT_EQ(successes(*read), 11u);
}

TEST(TlsReport, HasTheMembersOfTheRfc) {
  const auto json = report_json(report());
  for (const auto* member :
       {R"("organization-name":"Example")", R"("start-datetime":"2023-11-14T22:13:20.000Z")",
        R"("policy-type":"sts")", R"("policy-string":["version: STSv1","mode: enforce"])",
        R"("mx-host":["*.example.com"])", R"("total-successful-session-count":10)",
        R"("total-failure-session-count":2)", R"("result-type":"certificate-expired")",
        R"("failed-session-count":2)", R"("receiving-mx-hostname":"mx.example.com")"}) {
    EXPECT_THAT(json, HasSubstr(member));
  }
}

TEST(TlsReport, TakesWhatOthersWrite) {
  const auto read = parse_report(R"({"organization-name": null, "date-range": {
      "start-datetime": "2019-04-14T00:00:00Z", "end-datetime": "2019-04-14T23:59:59.5+02:00"},
      "new": [1], "policies": [{"policy": {"policy-type": "new-type", "policy-string": "one",
      "mx-host": "mx.example"}, "summary": {}, "failure-details": null}]})");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_THAT(read->policies[0].strings, ElementsAre("one"));
  EXPECT_THAT(read->policies[0].mx, ElementsAre("mx.example"));
  EXPECT_EQ(rfc3339(read->end), "2019-04-14T21:59:59.000Z");
}

TEST(TlsReport, AnErrorNamesTheMember) {
  const auto read = parse_report(R"({"date-range": {"start-datetime": "yesterday"}})");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text(), HasSubstr("start-datetime"));
  EXPECT_THAT(read.error().text(), HasSubstr("RFC 3339"));
}

TEST(DateTime, IsStrict) {
  for (const auto* text :
       {"1969-12-31T00:00:00Z", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01",
        "2024-01-01T00:00:00", "2024-01-01T00:00:00Zx", "2024-01-01T00:00:00.Z",
        "2024-1-01T00:00:00Z", "+024-01-01T00:00:00Z", "2024-01-01T00:00:00+1:00", ""}) {
    EXPECT_FALSE(parse_date_time(text)) << text;
  }
  EXPECT_EQ(rfc3339(*parse_date_time("2024-02-29t23:59:60-01:30")), "2024-03-01T01:30:00.000Z");
}

std::string body_of(const nlohmann::json& vector) {
  return test::from_base64(vector["body"]["b64"].get<std::string>());
}

// All cases of tlsrpt.json that have a body.
TEST(TlsReport, KeepsToTheVectors) {
  std::size_t tried = 0;
  for (const auto& vector : test::vector_cases("tlsrpt.json")) {
    if (!vector.contains("body")) continue;
    const std::string id = vector["id"];
    SCOPED_TRACE(id);
    ++tried;
    const bool is_zipped = vector["content_type"].get<std::string>().ends_with("gzip");
    Result<std::string> text = body_of(vector);
    if (is_zipped) text = gunzip(*text, 10 << 20);
    const Result<TlsReport> read = text ? parse_report(*text) : std::unexpected(text.error());
    const bool is_good = id == "valid" || id == "valid-json" || id == "ctl";
    EXPECT_EQ(read.has_value(), is_good) << (read ? "taken" : read.error().text());
    if (id == "bomb-100m") EXPECT_THAT(text.error().text(), HasSubstr("more than 10485760"));
    if (id == "ctl") {
      const auto shown = report_json(*read);
      EXPECT_EQ(std::ranges::find_if(shown, [](char c) { return c >= 0 && c < ' '; }), shown.end());
    }
  }
  EXPECT_EQ(tried, 17u);
}

TlsReport with_strings(const std::string& text, std::size_t policies) {
  std::string strings = text;
  for (int i = 1; i < 900; ++i) strings += "," + text;
  const auto policy = R"({"policy":{"policy-string":[)" + strings + R"(],"mx-host":[)" + strings +
                      R"(]},"summary":{}})";
  std::string all = policy;
  for (std::size_t i = 1; i < policies; ++i) all += "," + policy;
  return *parse_report(R"({"date-range":{"start-datetime":"2026-11-22T00:00:00Z",)"
                       R"("end-datetime":"2026-11-22T23:59:59Z"},"policies":[)" +
                       all + "]}");
}

// They are 3 bytes each as JSON, less when zipped, and 32 in memory.
TEST(TlsReport, EmptyTextsAreNotKept) {
  const auto report = with_strings(R"("")", 2);
  EXPECT_THAT(report.policies[1].strings, testing::IsEmpty());
  EXPECT_THAT(report.policies[1].mx, testing::IsEmpty());
}

TEST(TlsReport, TextsOfListsHaveABoundInAll) {
  const auto report = with_strings(R"("x")", 100);
  ASSERT_EQ(report.policies.size(), 100u);
  std::size_t count = 0;
  for (const auto& each : report.policies) count += each.strings.size() + each.mx.size();
  EXPECT_EQ(count, 10000u);
}

TEST(TlsReport, MemoryIsWhatItTakesAndNotItsJson) {
  const auto report = with_strings(R"("x")", 5);
  EXPECT_GE(memory_of(report), 9000 * sizeof(std::string));
  EXPECT_GT(memory_of(report), 4 * report_json(report).size());
  TlsReport words;
  const auto before = memory_of(words);
  words.policies.push_back({.details = {{.reason = std::string(500, 'x')}}});
  EXPECT_GE(memory_of(words), before + 500 + sizeof(PolicyResult) + sizeof(FailureDetail));
}

TEST(TlsReport, DetailsHaveABoundInAll) {
  const auto with = [](std::size_t policies) {
    std::string details = "{}";
    for (int i = 1; i < 5000; ++i) details += ",{}";
    const auto policy = R"({"policy":{},"summary":{},"failure-details":[)" + details + "]}";
    std::string all = policy;
    for (std::size_t i = 1; i < policies; ++i) all += "," + policy;
    return parse_report(R"({"date-range":{"start-datetime":"2026-11-22T00:00:00Z",)"
                        R"("end-datetime":"2026-11-22T23:59:59Z"},"policies":[)" +
                        all + "]}");
  };
  EXPECT_TRUE(with(2));
  const auto many = with(3);
  ASSERT_FALSE(many);
  EXPECT_THAT(many.error().text(), HasSubstr("at most 10000 in all"));
}

}  // namespace
}  // namespace outrider::report
