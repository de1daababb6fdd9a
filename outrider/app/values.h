// A configuration file as checked values: what the schema knows, with the place each came from.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outrider/app/schema.h"
#include "outrider/base/clock.h"
#include "outrider/base/result.h"

namespace outrider::app {

using Errors = std::vector<Error>;

/// The settings of one table, given or by default.
class Values {
 public:
  using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

  Values(const Section& section, std::string place)
      : section_(&section), place_(std::move(place)) {}

  bool given(std::string_view key) const { return places_.contains(key); }
  /// Given, and not as the schema wants it: its default stands for it, and the error is told.
  bool broken(std::string_view key) const { return broken_.contains(key); }
  /// `file:line:column` of the value, or of the table where it was not given.
  std::string place(std::string_view key) const;
  const Section& section() const { return *section_; }

  bool flag(std::string_view key) const;
  std::uint64_t number(std::string_view key) const;  ///< Count and Size
  double fraction(std::string_view key) const;
  Duration duration(std::string_view key) const;
  std::chrono::seconds seconds(std::string_view key) const;  ///< rounded up
  std::string text(std::string_view key) const;              ///< empty where it has no default
  std::vector<std::string> list(std::string_view key) const;
  std::size_t choice(std::string_view key) const;  ///< index among the schema's choices

  void set(std::string_view key, Value value, std::string place);
  void set_broken(std::string_view key, std::string place);
  /// The same settings, wherever they are written.
  bool same_as(const Values& other) const { return values_ == other.values_; }

 private:
  const Value* find(std::string_view key) const;

  const Section* section_;
  std::string place_;
  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> places_;
  std::set<std::string, std::less<>> broken_;
};

/// All tables of a file. Tables that are not there stand with their defaults.
struct Document {
  std::string file;
  std::map<std::string, Values, std::less<>> tables;
  std::map<std::string, std::vector<Values>, std::less<>> lists;  ///< `[[name]]`
  Errors errors;  ///< what breaks the schema; the rest can still be looked at

  const Values& table(std::string_view name) const;
  const std::vector<Values>& list(std::string_view name) const;
};

/// Strict: an unknown key, a wrong type, a value out of range is an error, and all of them are told
/// in Document::errors. Fails where the text is no TOML.
Result<Document> read_document(std::string_view toml, const std::string& file);

/// A path as it is meant in `file`: a relative one begins at the file's folder.
std::string beside(const std::string& file, const std::string& path);

/// `90s`, `5m`, `4h`, `5d`, `250ms` to milliseconds.
std::optional<Duration> parse_duration(std::string_view text);
/// `50MiB`, `64KiB`, `2GiB`, `1000` to bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace outrider::app
