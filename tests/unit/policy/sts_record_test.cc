#include "outrider/policy/sts_record.h"

#include "sts_world.h"

namespace outrider::policy {
namespace {

StsPolicy example() {
  StsPolicy policy = *trust::parse_sts_policy(policy_text("testing", 3600));
  policy.id = "20261123";
  policy.fetched = Time(Duration(1'800'000'000'123));
  return policy;
}

TEST(StsRecord, GivesBackWhatWasKept) {
  const auto read = read_sts_record(write_sts_record(example()));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->id, "20261123");
  EXPECT_EQ(read->fetched, example().fetched);
  EXPECT_EQ(read->mode, StsMode::Testing);
  EXPECT_EQ(read->expires(), example().fetched + 1h);
  EXPECT_EQ(write_sts_record(*read), write_sts_record(example()));
}

TEST(StsRecord, RefusesEveryDamage) {
  const std::string whole = write_sts_record(example());
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(read_sts_record(whole.substr(0, cut))) << cut;
  }
  EXPECT_FALSE(read_sts_record(whole + "x"));
  std::string other_version = whole;
  other_version[0] = 2;
  EXPECT_FALSE(read_sts_record(other_version));
  StsPolicy no_policy = example();
  no_policy.mx.clear();
  EXPECT_FALSE(read_sts_record(write_sts_record(no_policy)));
}

}  // namespace
}  // namespace outrider::policy
