#include "outrider/trust/mta_sts.h"

#include <gmock/gmock.h>

#include "support/vectors.h"

namespace outrider::trust {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(StsPolicy, VectorsOfBodies) {
  std::size_t count = 0;
  for (const auto& each : test::vector_cases("mtasts.json")) {
    if (each.at("group") != "policy") continue;
    ++count;
    const auto policy = parse_sts_policy(test::vector_bytes(each.at("body")));
    EXPECT_EQ(policy.has_value(), each.at("valid").get<bool>())
        << each.at("id") << (policy ? "" : policy.error().text());
  }
  EXPECT_EQ(count, 53u);
}

TEST(StsPolicy, VectorsOfAnnouncements) {
  std::size_t count = 0;
  for (const auto& each : test::vector_cases("mtasts.json")) {
    if (each.at("group") != "txt") continue;
    ++count;
    std::vector<std::string> texts;
    for (const auto& text : each.at("txt")) texts.push_back(test::vector_bytes(text));
    const auto expected = each.at("expect").get<std::string>();
    const auto id = sts_id(texts);
    const auto about = each.at("id").get<std::string>();
    // txt-strings: `several character-strings are joined`; the resolver has done that.
    EXPECT_EQ(id.has_value(), expected.starts_with("id") || expected.starts_with("several"))
        << about;
    if (expected.starts_with("id ") && id) {
      EXPECT_EQ(*id, expected.substr(3, expected.find(':') - 3)) << about;
    }
  }
  EXPECT_EQ(count, 17u);
}

TEST(StsPolicy, VectorsOfHosts) {
  std::size_t count = 0;
  for (const auto& each : test::vector_cases("mtasts.json")) {
    if (each.at("group") != "mx-match") continue;
    ++count;
    StsPolicy policy;
    policy.mx = {each.at("pattern").get<std::string>()};
    EXPECT_EQ(sts_covers(policy, each.at("host").get<std::string>()), each.at("match").get<bool>())
        << each.at("id");
  }
  EXPECT_EQ(count, 15u);
}

TEST(StsPolicy, ReadsWhatItWrites) {
  StsPolicy policy;
  policy.mode = StsMode::Testing;
  policy.mx = {"mx.example.org", "*.example.net"};
  policy.max_age = std::chrono::hours(24);
  EXPECT_EQ(sts_policy_text(policy),
            "version: STSv1\r\nmode: testing\r\nmx: mx.example.org\r\nmx: *.example.net\r\n"
            "max_age: 86400\r\n");
  const auto read = parse_sts_policy(sts_policy_text(policy));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, policy);
}

TEST(StsPolicy, TakesTheFirstOfWhatIsThereTwice) {
  const auto policy = parse_sts_policy(
      "version: STSv1\nmode: enforce\nmode: none\nmax_age: 9\nmax_age: 5\nmx: A.example\n"
      "mx: b.example\n");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->mode, StsMode::Enforce);
  EXPECT_EQ(policy->max_age.count(), 9);
  EXPECT_THAT(policy->mx, ElementsAre("a.example", "b.example"));
}

TEST(StsPolicy, SaysWhichLineBreaksWhichRule) {
  const auto policy = parse_sts_policy("version: STSv1\nmode: strict\n");
  ASSERT_FALSE(policy);
  EXPECT_THAT(policy.error().text(), HasSubstr("strict"));
  EXPECT_THAT(policy.error().text(), HasSubstr("line 2"));
  EXPECT_THAT(policy.error().text(), HasSubstr("RFC 8461 §3.2"));
}

TEST(StsPolicy, HoldsUntilItsEnd) {
  StsPolicy policy;
  policy.fetched = Time{} + std::chrono::hours(1);
  policy.max_age = std::chrono::hours(1);
  EXPECT_TRUE(policy.holds(Time{} + std::chrono::minutes(119)));
  EXPECT_FALSE(policy.holds(Time{} + std::chrono::hours(2)));
}

}  // namespace
}  // namespace outrider::trust
