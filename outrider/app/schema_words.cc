// Ranges as people read them, the same in errors and on the reference page.
#include <fmt/format.h>

#include "outrider/app/schema.h"

namespace outrider::app {
namespace {

constexpr double no_bound = 1e15;

std::string bytes(double value) {
  constexpr double KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;
  if (value >= GiB) return fmt::format("{} GiB", value / GiB);
  if (value >= MiB) return fmt::format("{} MiB", value / MiB);
  if (value >= KiB) return fmt::format("{} KiB", value / KiB);
  return fmt::format("{}", value);
}

// As it is written in the file: in the largest unit that leaves no rest.
std::string duration(std::int64_t milliseconds) {
  constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  if (milliseconds % day == 0 && milliseconds > 0) return fmt::format("{}d", milliseconds / day);
  if (milliseconds % hour == 0 && milliseconds > 0) return fmt::format("{}h", milliseconds / hour);
  if (milliseconds % minute == 0 && milliseconds > 0)
    return fmt::format("{}m", milliseconds / minute);
  if (milliseconds % second == 0) return fmt::format("{}s", milliseconds / second);
  return fmt::format("{}ms", milliseconds);
}

std::string bound(double value, Type type) {
  if (type == Type::Duration) return duration(static_cast<std::int64_t>(value));
  if (type == Type::Size) return bytes(value);
  return fmt::format("{}", value);
}

}  // namespace

std::string range_words(const Setting& setting) {
  const bool has_one = setting.type == Type::Count || setting.type == Type::Number ||
                       setting.type == Type::Size || setting.type == Type::Duration;
  if (!has_one) return {};
  const auto least = bound(setting.least, setting.type);
  if (setting.most >= no_bound) return "at least " + least;
  return least + " to " + bound(setting.most, setting.type);
}

}  // namespace outrider::app
