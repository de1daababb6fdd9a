// Covers: app/schema_words.cc
#include "outrider/app/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "outrider/app/values.h"

namespace outrider::app {
namespace {

TEST(Schema, EachSettingIsThereOnceAndSaysWhatItMeans) {
  for (const Section& section : schema()) {
    std::set<std::string_view> keys;
    EXPECT_TRUE(section.doc.ends_with('.')) << section.name;
    for (const Setting& setting : section.settings) {
      EXPECT_TRUE(keys.insert(setting.key).second) << section.name << '.' << setting.key;
      EXPECT_GT(setting.doc.size(), 10u) << section.name << '.' << setting.key;
    }
  }
}

// A default that its own rules would refuse could not be written into a file.
TEST(Schema, DefaultsFollowTheirOwnRules) {
  for (const Section& section : schema()) {
    for (const Setting& setting : section.settings) {
      if (setting.fallback.empty()) continue;
      std::string toml;
      if (!section.name.empty())
        toml = (section.repeated ? "[[" : "[") + std::string(section.name) +
               (section.repeated ? "]]\n" : "]\n");
      toml += std::string(setting.key) + " = " + std::string(setting.fallback) + "\n";
      const auto document = read_document(toml, "x.toml");
      ASSERT_TRUE(document) << toml;
      EXPECT_TRUE(document->errors.empty()) << toml << document->errors.front().text();
    }
  }
}

TEST(Schema, AListenerMayHaveLimitsOfItsOwn) {
  const auto& limits = section("limits");
  const auto shared = std::ranges::count_if(limits.settings, [](const Setting& setting) {
    return section("listener").find(setting.key) != nullptr;
  });
  EXPECT_EQ(shared, static_cast<std::ptrdiff_t>(limits.settings.size()) - 5);
}

TEST(RangeWords, SpeakOfUnits) {
  EXPECT_EQ(range_words(*section("queue").find("lifetime")), "1s to 60d");
  EXPECT_EQ(range_words(*section("queue").find("least_free")), "at least 1 MiB");
  EXPECT_EQ(range_words(*section("limits").find("recipients")), "100 to 10000");
  EXPECT_EQ(range_words(*section("queue").find("path")), "");
}

}  // namespace
}  // namespace outrider::app
