#include "outrider/app/tls_reports.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

namespace outrider::app {
namespace {

using testing::HasSubstr;

TEST(TlsReports, PeopleReadWhoSawWhat) {
  const auto answer = boost::json::parse(R"({"ok": true, "reports": [{
    "organization-name": "Sender", "contact-info": "a@b.example", "report-id": "1@b.example",
    "date-range": {"start-datetime": "2026-11-22T00:00:00.000Z"}, "policies": [{
      "policy": {"policy-type": "sts", "policy-domain": "example.com"},
      "summary": {"total-successful-session-count": 5, "total-failure-session-count": 2},
      "failure-details": [{"result-type": "certificate-expired", "failed-session-count": 2,
        "receiving-mx-hostname": "mx.example.com", "failure-reason-code": "too old"}]}]}]})");
  const auto text = reports_text(answer.as_object());
  for (const auto* part : {"2026-11-22 Sender (a@b.example), report 1@b.example",
                           "  example.com sts: 5 succeeded, 2 failed",
                           "    2 x certificate-expired at mx.example.com: too old"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(TlsReports, NothingIsSaidToBeNothing) { EXPECT_EQ(reports_text({}), "No reports.\n"); }

}  // namespace
}  // namespace outrider::app
