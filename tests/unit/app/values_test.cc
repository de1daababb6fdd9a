#include "outrider/app/values.h"

#include <gtest/gtest.h>

namespace outrider::app {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, KnowsItsUnits) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250));
  EXPECT_EQ(parse_duration("30s"), Duration(30s));
  EXPECT_EQ(parse_duration("5m"), Duration(5min));
  EXPECT_EQ(parse_duration("4h"), Duration(4h));
  EXPECT_EQ(parse_duration("5d"), Duration(120h));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
}

TEST(ParseDuration, TakesNothingElse) {
  for (const auto* text : {"", "5", "m", "5 m", "-5m", "5M", "1.5h", "5m30s", "99999999999999999d",
                           "18446744073709551616s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ParseSize, KnowsItsUnits) {
  EXPECT_EQ(parse_size("1000"), 1000u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("50MiB"), 52428800u);
  EXPECT_EQ(parse_size("2GiB"), 2147483648u);
}

TEST(ParseSize, TakesNothingElse) {
  for (const auto* text : {"", "MiB", "50MB", "50 MiB", "-1", "1.5MiB", "99999999999999999999",
                           "18446744073709551615GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Beside, BeginsRelativePathsAtTheFile) {
  EXPECT_EQ(beside("/etc/outrider/outrider.toml", "aliases"), "/etc/outrider/aliases");
  EXPECT_EQ(beside("/etc/outrider/outrider.toml", "../aliases"), "/etc/aliases");
  EXPECT_EQ(beside("/etc/outrider/outrider.toml", "/srv/aliases"), "/srv/aliases");
  EXPECT_EQ(beside("/etc/outrider/outrider.toml", ""), "");
}

TEST(Values, HaveThePlaceOfTheValueOrOfTheTable) {
  Values values(section("queue"), "a.toml:3:1");
  values.set("path", std::string("/q"), "a.toml:4:8");
  values.set("lifetime", std::int64_t{1000}, {});
  EXPECT_EQ(values.place("path"), "a.toml:4:8");
  EXPECT_EQ(values.place("lifetime"), "a.toml:3:1");
  EXPECT_TRUE(values.given("path"));
  EXPECT_FALSE(values.given("lifetime"));
}

TEST(Values, AreTheSameWhereverTheyAreWritten) {
  Values one(section("queue"), "a.toml:3:1"), two(section("queue"), "b.toml:1:1");
  one.set("path", std::string("/q"), "a.toml:4:8");
  two.set("path", std::string("/q"), "b.toml:9:9");
  EXPECT_TRUE(one.same_as(two));
  two.set("path", std::string("/other"), "b.toml:9:9");
  EXPECT_FALSE(one.same_as(two));
}

TEST(Values, RoundSecondsUp) {
  Values values(section("delivery"), "");
  values.set("idle", std::int64_t{1500}, {});
  EXPECT_EQ(values.seconds("idle"), 2s);
}

}  // namespace
}  // namespace outrider::app
