#include "outrider/fetch/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::fetch {
namespace {

TEST(Url, HasAHostAndAPort) {
  const auto plain = parse_url("https://MTA-STS.Example.com/.well-known/mta-sts.txt");
  ASSERT_TRUE(plain) << plain.error().text();
  EXPECT_EQ(plain->host, "mta-sts.example.com");
  EXPECT_EQ(plain->port, 443);
  const auto other = parse_url("https://hooks.example:8443/alarm?key=1");
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_EQ(other->port, 8443);
  EXPECT_EQ(other->text, "https://hooks.example:8443/alarm?key=1");
}

struct Bad {
  std::string text, rule;
};

TEST(Url, NamesTheRuleItBreaks) {
  const Bad all[] = {{"http://a.example/", "only https"},
                     {"ftp://a.example/", "only https"},
                     {"file:///etc/passwd", "https"},
                     {"a.example/x", "not a URL"},
                     {"", "not a URL"},
                     {"https://", "not a URL"},
                     {"https://user@a.example/", "user name"},
                     {"https://user:word@a.example/", "user name"},
                     {"https://a.example/#part", "fragment"},
                     {"https://a.example/a b", "printable ASCII"},
                     {"https://a.example/\r\nHost: b", "printable ASCII"},
                     {"https://b\xC3\xBC"
                      "cher.example/",
                      "printable ASCII"},
                     {"https://a.example:0/", ""},
                     {"https://a.example:99999/", ""},
                     {"https://a..example/", "a name"},
                     {"https://a.example./", "a name"},
                     {"https://" + std::string(64, 'a') + ".example/", "a name"},
                     {"https://a.example/" + std::string(2000, 'x'), "2000"}};
  for (const auto& [text, rule] : all) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_THAT(url.error().rule, testing::HasSubstr(rule)) << text;
  }
}

TEST(Url, IsNeverAnAddressInWhateverSpelling) {
  for (const char* const text :
       {"https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f000001/",
        "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://1.2.3.4.5/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

}  // namespace
}  // namespace outrider::fetch
