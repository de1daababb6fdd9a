#include "outrider/app/reference.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "folder.h"
#include "outrider/app/schema.h"
#include "outrider/app/values.h"
#include "support/source_folder.h"

namespace outrider::app {
namespace {

TEST(DefaultConfiguration, CanBeReadAndChangesNothing) {
  const auto document = read_document(default_configuration(), "x.toml");
  const auto empty = read_document("", "x.toml");
  ASSERT_TRUE(document) << document.error().text();
  EXPECT_TRUE(document->errors.empty()) << document->errors.front().text();
  for (const auto& [name, values] : document->tables)
    EXPECT_TRUE(values.same_as(empty->table(name))) << name;
}

TEST(ReferencePage, NamesEachSetting) {
  const auto page = reference_page();
  for (const Section& section : schema())
    for (const Setting& setting : section.settings)
      EXPECT_THAT(page, testing::HasSubstr("| `" + std::string(setting.key) + "` |"));
}

TEST(ReferencePage, IsTheOneInTheDocumentation) {
  const auto page = test::source_folder().parent_path() / "docs/configuration.md";
  EXPECT_EQ(content_of(page), reference_page())
      << "make it anew: outrider config reference > docs/configuration.md";
}

TEST(SettingsAsJson, HaveDefaultsInTheirOwnTypes) {
  const auto settings = nlohmann::json::parse(settings_as_json());
  std::size_t found = 0;
  for (const auto& each : settings) {
    if (each["table"] != "queue" || each["key"] != "retry_factor") continue;
    ++found;
    EXPECT_EQ(each["default"], 2.0);
    EXPECT_EQ(each["range"], "1 to 10");
  }
  EXPECT_EQ(found, 1u);
}

}  // namespace
}  // namespace outrider::app
