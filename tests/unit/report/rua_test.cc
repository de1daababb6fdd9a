#include "outrider/report/rua.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/vectors.h"

namespace outrider::report {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ReportTarget mail(std::string local_part, std::string domain) {
  return {{std::move(local_part), std::move(domain)}, {}};
}
ReportTarget web(std::string url) { return {{}, std::move(url)}; }
std::vector<ReportTarget> of(std::string text) { return report_targets({std::move(text)}); }

TEST(Rua, NamesMailAndWeb) {
  EXPECT_THAT(of("v=TLSRPTv1;rua=mailto:reports@Example.com"),
              ElementsAre(mail("reports", "example.com")));
  EXPECT_THAT(of("v=TLSRPTv1; rua=https://r.example.com/v1/tlsrpt"),
              ElementsAre(web("https://r.example.com/v1/tlsrpt")));
  EXPECT_THAT(of("v=TLSRPTv1; new=1; rua=mailto:a@b.example , https://c.example/d ;"),
              ElementsAre(mail("a", "b.example"), web("https://c.example/d")));
}

TEST(Rua, IsOneRecordAmongOthers) {
  EXPECT_THAT(report_targets({"v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@b.example"}),
              ElementsAre(mail("a", "b.example")));
  EXPECT_THAT(
      report_targets({"v=TLSRPTv1; rua=mailto:a@b.example", "v=TLSRPTv1; rua=mailto:c@d.example"}),
      IsEmpty());
  EXPECT_THAT(report_targets({}), IsEmpty());
}

TEST(Rua, IsNothingWhereItIsNotOurs) {
  for (const auto* text :
       {"v=TLSRPTv2; rua=mailto:a@b.example", "rua=mailto:a@b.example", "v=TLSRPTv1",
        "v=TLSRPTv1; rua=", "v=TLSRPTv1; rua=mailto:", "v=TLSRPTv1; rua=mailto:a",
        "v=TLSRPTv1; rua=http://b.example/", "v=TLSRPTv1; rua=ftp://b.example/"}) {
    EXPECT_THAT(of(text), IsEmpty()) << text;
  }
}

TEST(Rua, DecodesAnAddressAndLetsNothingThrough) {
  EXPECT_THAT(of("v=TLSRPTv1; rua=mailto:a%2Bb@c.example"), ElementsAre(mail("a+b", "c.example")));
  for (const auto* text :
       {"v=TLSRPTv1; rua=mailto:a%0d%0aRCPT@c.example", "v=TLSRPTv1; rua=mailto:a%@c.example",
        "v=TLSRPTv1; rua=mailto:a%2@c.example", "v=TLSRPTv1; rua=mailto:<a>@c.example",
        "v=TLSRPTv1; rua=mailto:a@[192.0.2.1]"}) {
    EXPECT_THAT(of(text), IsEmpty()) << text;
  }
}

// The cases of tlsrpt.json about `rua`.
TEST(Rua, KeepsToTheVectors) {
  EXPECT_THAT(of("v=TLSRPTv1; rua=mailto:a@example.org?bcc=b@victim.example&subject=x"),
              ElementsAre(mail("a", "example.org")))
      << "ruri-mailto-inject";
  EXPECT_THAT(of("v=TLSRPTv1; rua=https://127.0.0.1/,https://169.254.169.254/"), IsEmpty())
      << "ruri-https-ssrf";
  std::string many = "v=TLSRPTv1; rua=";
  for (int i = 0; i < 1000; ++i) many += "mailto:a" + std::to_string(i) + "@b.example,";
  EXPECT_EQ(of(many).size(), 3u) << "ruri-1000";
  EXPECT_EQ(of("v=TLSRPTv1; rua=mailto:a@b.example,mailto:a@b.example").size(), 1u);
}

}  // namespace
}  // namespace outrider::report
