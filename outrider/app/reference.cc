#include "outrider/app/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "outrider/app/schema.h"

namespace outrider::app {
namespace {

std::string bracketed(const Section& section) {
  if (section.name.empty()) return {};
  return fmt::format(fmt::runtime(section.repeated ? "[[{}]]" : "[{}]"), section.name);
}

std::string type_name(const Setting& setting) {
  switch (setting.type) {
    case Type::Text: return "text";
    case Type::Path: return "path";
    case Type::Flag: return "true or false";
    case Type::Count: return "count";
    case Type::Number: return "number";
    case Type::Size: return "size";
    case Type::Duration: return "duration";
    case Type::Choice: return fmt::format("`{}`", fmt::join(setting.choices, "`, `"));
    case Type::List: return "list of texts";
    case Type::PathList: return "list of paths";
  }
  return {};
}

std::string range(const Setting& setting) {
  const auto words = range_words(setting);
  return words.empty() ? words : ", " + words;
}

// Where a setting is taken from that its table does not give: the same row stands there.
std::string_view inherited_from(const Section& section, const Setting& setting) {
  for (const std::string_view table : {"limits", "tls"}) {
    if (section.name == table || (table == "limits" && section.name != "listener")) continue;
    const Setting* same = outrider::app::section(table).find(setting.key);
    if (same && same->doc == setting.doc) return table;
  }
  return {};
}

}  // namespace

std::string default_configuration() {
  std::string out =
      "# Every setting of Outrider with its default. What is commented out has none.\n"
      "# Durations: \"30s\", \"5m\", \"4h\", \"5d\". Sizes: \"64KiB\", \"50MiB\".\n";
  for (const Section& section : schema()) {
    out += fmt::format("\n# {}\n", section.doc);
    // Tables that are repeated are examples: as they stand they would say nothing.
    const std::string_view off = section.repeated ? "#" : "";
    if (!section.name.empty()) out += fmt::format("{}{}\n", off, bracketed(section));
    for (const Setting& setting : section.settings) {
      if (!inherited_from(section, setting).empty()) continue;
      const bool commented = section.repeated || setting.fallback.empty();
      out += fmt::format("{}{} = {}  # {}\n", commented ? "#" : "", setting.key,
                         setting.fallback.empty() ? "…" : setting.fallback, setting.doc);
    }
  }
  return out;
}

std::string reference_page() {
  std::string out =
      "# Configuration\n"
      "The file is TOML, `/etc/outrider/outrider.toml` unless `-c` names another. It is read "
      "strictly: "
      "an unknown key, a wrong type or a value out of range is an error with file, line and "
      "column, and "
      "`outrider check` tells all of them. Durations are written \"30s\", \"5m\", \"4h\", \"5d\"; "
      "sizes "
      "\"64KiB\", \"50MiB\". Relative paths are relative to the file. On reload the new "
      "configuration is "
      "checked first; on any error the old one stays.\n\n"
      "This page is made by `outrider config reference`.\n";
  for (const Section& section : schema()) {
    out += fmt::format("\n## {}\n{}\n\n| setting | type | default | meaning |\n|---|---|---|---|\n",
                       section.name.empty() ? "Above all tables" : bracketed(section), section.doc);
    for (const Setting& setting : section.settings) {
      std::string fallback = setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback);
      const auto table = inherited_from(section, setting);
      if (!table.empty()) fallback = fmt::format("of [{}]", table);
      std::string doc(setting.doc);
      std::ranges::replace(doc, '|', '/');
      out += fmt::format("| `{}` | {}{} | {} | {} |\n", setting.key, type_name(setting),
                         range(setting), fallback, doc);
    }
  }
  return out;
}

std::string settings_as_json() {
  namespace json = boost::json;
  json::array settings;
  for (const Section& section : schema()) {
    for (const Setting& setting : section.settings) {
      json::object each{
          {"table", section.name},      {"repeated", section.repeated},  {"key", setting.key},
          {"type", type_name(setting)}, {"range", range_words(setting)}, {"meaning", setting.doc}};
      // A default is written as TOML, which for these values is JSON, too.
      if (!setting.fallback.empty()) each["default"] = json::parse(setting.fallback);
      settings.push_back(std::move(each));
    }
  }
  return json::serialize(settings) + "\n";
}

}  // namespace outrider::app
