#include "outrider/app/values.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

#include "outrider/base/text.h"

namespace outrider::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t worth;
};

constexpr std::array durations{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                               Unit{"h", 3600'000}, Unit{"d", 86400'000}};
constexpr std::array sizes{Unit{"", 1}, Unit{"KiB", 1 << 10}, Unit{"MiB", 1 << 20},
                           Unit{"GiB", 1 << 30}};

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const auto end = text.find_first_not_of("0123456789");
  const auto number = parse_number(text.substr(0, end));
  const auto name = end == std::string_view::npos ? std::string_view() : text.substr(end);
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (!number || unit == units.end() || *number > UINT64_MAX / 2 / unit->worth) return std::nullopt;
  return *number * unit->worth;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto milliseconds = with_unit(text, durations);
  if (!milliseconds) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*milliseconds));
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return with_unit(text, sizes); }

std::string beside(const std::string& file, const std::string& path) {
  const std::filesystem::path given(path);
  if (path.empty() || given.is_absolute()) return path;
  return (std::filesystem::absolute(file).parent_path() / given).lexically_normal().string();
}

std::string Values::place(std::string_view key) const {
  const auto at = places_.find(key);
  return at == places_.end() ? place_ : at->second;
}

const Values::Value* Values::find(std::string_view key) const {
  if (!section_->find(key)) throw std::logic_error("no setting " + std::string(key));
  const auto at = values_.find(key);
  return at == values_.end() ? nullptr : &at->second;
}

bool Values::flag(std::string_view key) const { return std::get<bool>(*find(key)); }
std::uint64_t Values::number(std::string_view key) const {
  return static_cast<std::uint64_t>(std::get<std::int64_t>(*find(key)));
}
double Values::fraction(std::string_view key) const { return std::get<double>(*find(key)); }
Duration Values::duration(std::string_view key) const {
  return Duration(std::get<std::int64_t>(*find(key)));
}
std::chrono::seconds Values::seconds(std::string_view key) const {
  return std::chrono::ceil<std::chrono::seconds>(duration(key));
}

std::string Values::text(std::string_view key) const {
  const Value* value = find(key);
  return value ? std::get<std::string>(*value) : std::string();
}

std::vector<std::string> Values::list(std::string_view key) const {
  const Value* value = find(key);
  return value ? std::get<std::vector<std::string>>(*value) : std::vector<std::string>();
}

std::size_t Values::choice(std::string_view key) const {
  const auto word = text(key);
  const auto& choices = section_->find(key)->choices;
  return static_cast<std::size_t>(std::ranges::find(choices, word) - choices.begin());
}

void Values::set(std::string_view key, Value value, std::string place) {
  values_.insert_or_assign(std::string(key), std::move(value));
  if (!place.empty()) places_.insert_or_assign(std::string(key), std::move(place));
}

void Values::set_broken(std::string_view key, std::string place) {
  broken_.emplace(key);
  places_.insert_or_assign(std::string(key), std::move(place));
}

const Values& Document::table(std::string_view name) const { return tables.find(name)->second; }

const std::vector<Values>& Document::list(std::string_view name) const {
  return lists.find(name)->second;
}

}  // namespace outrider::app
