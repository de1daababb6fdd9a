#include "outrider/report/report_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "outrider/report/gzip.h"
#include "outrider/report/inbox.h"

namespace outrider::report {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Time begin = Time(std::chrono::days(20000));

TlsReport report() {
  return {"Example",
          "tls@sender.example",
          "1.example.com@sender.example",
          begin,
          begin + std::chrono::hours(24) - std::chrono::seconds(1),
          {{"no-policy-found", {}, "example.com", {}, 3, 0, {}}}};
}

MailParts parts() {
  return {{"tls", "sender.example"},
          {"rua", "example.com"},
          "example.com",
          "sender.example",
          begin + std::chrono::hours(26)};
}

TEST(ReportMail, HasTheFieldsOfTheRfc) {
  const auto mail = report_mail(report(), gzip(report_json(report())), parts());
  EXPECT_THAT(mail, StartsWith("From: tls@sender.example\r\nTo: rua@example.com\r\nDate: "));
  for (const auto* field :
       {"\r\nSubject: Report Domain: example.com\r\n Submitter: sender.example\r\n"
        " Report-ID: <1.example.com@sender.example>\r\n",
        "\r\nTLS-Report-Domain: example.com\r\n", "\r\nTLS-Report-Submitter: sender.example\r\n",
        "\r\nTLS-Required: No\r\n", "multipart/report; report-type=\"tlsrpt\";",
        "Content-Type: application/tlsrpt+gzip\r\n", "3 sessions reached what was asked for"}) {
    EXPECT_THAT(mail, HasSubstr(field));
  }
  for (std::size_t at = 0; (at = mail.find('\n', at)) != std::string::npos; ++at) {
    EXPECT_EQ(mail[at - 1], '\r');
  }
}

TEST(ReportMail, NamesItsFileByTheRfc) {
  EXPECT_EQ(report_file_name(report(), parts()),
            "sender.example!example.com!1728000000!1728086399.json.gz");
}

TEST(ReportMail, IsReadByOurOwnInbox) {
  const auto mail = report_mail(report(), gzip(report_json(report())), parts());
  const auto read = report_of_mail(mail, {});
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, report());
}

}  // namespace
}  // namespace outrider::report
