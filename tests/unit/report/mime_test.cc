#include "outrider/report/mime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::report {
namespace {

using testing::HasSubstr;

std::string part(std::string type, std::string body, std::string encoding = "") {
  if (!encoding.empty()) encoding = "Content-Transfer-Encoding: " + encoding + "\r\n";
  return "--b\r\nContent-Type: " + type + "\r\n" + encoding + "\r\n" + body + "\r\n";
}
std::string multipart(std::string parts, std::string boundary = "\"b\"") {
  return "From: a@b\r\nContent-Type: multipart/report; report-type=tlsrpt;\r\n\tboundary=" +
         boundary + "\r\n\r\npreamble\r\n" + parts + "--b--\r\nepilogue\r\n";
}

TEST(Base64, ComesBack) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const auto text = to_base64(bytes);
    EXPECT_EQ(*from_base64(text), bytes);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      EXPECT_LE(text.find('\r', at) - at, 76u);
    }
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(to_base64("Man"), "TWFu\r\n");
  EXPECT_EQ(to_base64("M"), "TQ==\r\n");
  EXPECT_FALSE(from_base64("TW!u"));
}

TEST(ReportPart, IsFoundAmongOthers) {
  const auto found = find_report_part(multipart(
      part("text/plain", "hello") + part("application/tlsrpt+gzip; x=y", "TW\r\nFu", "BASE64")));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_TRUE(found->is_zipped);
  EXPECT_EQ(found->bytes, "Man");
}

TEST(ReportPart, MayBePlainOrAlone) {
  const auto plain = find_report_part(multipart(part("APPLICATION/TLSRPT+JSON", "{}"), "b"));
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->is_zipped);
  EXPECT_EQ(plain->bytes.substr(0, 2), "{}");
  const auto alone = find_report_part("Content-Type: application/tlsrpt+json\n\n{}");
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->bytes, "{}");
}

// As drafts of the RFC had it, and some still send it.
TEST(ReportPart, MayBeOfTheOldType) {
  EXPECT_FALSE(find_report_part(multipart(part("application/tlsrpt", "{}")))->is_zipped);
  EXPECT_TRUE(find_report_part(multipart(part("application/tlsrpt", "H4sI", "base64")))->is_zipped);
}

TEST(ReportPart, MayLieDeeperButNotForEver) {
  const std::string inner =
      "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
      "Content-Type: application/tlsrpt+json\r\n\r\n{}\r\n--c--\r\n";
  EXPECT_TRUE(find_report_part(multipart("--b\r\n" + inner)));
  std::string deep = "Content-Type: application/tlsrpt+json\r\n\r\n{}\r\n";
  for (int i = 0; i < 10; ++i) {
    const auto boundary = "b" + std::to_string(i);
    deep = "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary +
           "\r\n" + deep + "--" + boundary + "--\r\n";
  }
  EXPECT_FALSE(find_report_part(deep));
}

TEST(ReportPart, ThatIsMissingOrBrokenIsAnError) {
  for (const auto& mail :
       {std::string(), std::string("no header"), multipart(part("text/plain", "x")),
        multipart(part("application/tlsrpt+gzip", "!!!!", "base64")),
        multipart(part("application/tlsrpt+gzip", "x", "x-uuencode")),
        std::string("Content-Type: multipart/report\r\n\r\n--b\r\n")}) {
    EXPECT_FALSE(find_report_part(mail)) << mail;
  }
  EXPECT_THAT(find_report_part("x").error().text(), HasSubstr("RFC 8460"));
}

TEST(Mime, TheLineEndBeforeABoundaryIsNotOfThePart) {
  const auto part = find_report_part(
      "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: binary\r\n\r\n"
      "\x1f\r\n\r\n--b--\r\n");
  ASSERT_TRUE(part) << part.error().text();
  EXPECT_EQ(part->bytes, "\x1f\r\n");
}

}  // namespace
}  // namespace outrider::report
