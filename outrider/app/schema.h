// Every setting there is, once: its type, range, default and meaning. The reader, the check, the
// defaults and the reference page are made from these tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::app {

enum class Type {
  Text,
  Path,      ///< relative ones are relative to the configuration's file
  Flag,      ///< true or false
  Count,     ///< a whole number
  Number,    ///< with a fraction
  Size,      ///< bytes, as "50MiB", "64KiB" or a whole number
  Duration,  ///< as "30s", "5m", "4h", "5d", "250ms"
  Choice,    ///< one of a few words
  List,      ///< texts; a single text is a list of one
  PathList
};

struct Setting {
  std::string_view key;
  Type type = Type::Text;
  std::string_view fallback;  ///< as TOML; empty: none, see `doc`
  std::string_view doc;       ///< one line
  double least = 0;           ///< of Count, Number, Size (bytes) and Duration (milliseconds)
  double most = 1e15;
  std::span<const std::string_view> choices = {};
};

struct Section {
  std::string_view name;  ///< empty: above all tables
  bool repeated = false;  ///< `[[name]]`
  std::string_view doc;
  std::vector<Setting> settings;

  const Setting* find(std::string_view key) const;
};

/// In the order in which they are printed.
const std::vector<Section>& schema();
const Section& section(std::string_view name);

/// `30s to 5d`, `at least 1 MiB`; empty where the type has no range.
std::string range_words(const Setting& setting);

}  // namespace outrider::app
