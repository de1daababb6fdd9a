#include "outrider/bench/sizes.h"

#include <cmath>

#include "outrider/base/text.h"

namespace outrider::bench {
namespace {

constexpr double shape = 0.75;
constexpr std::size_t most_of_all = std::size_t{1} << 30;

std::optional<std::size_t> parse_size(std::string_view text) {
  std::size_t unit = 1;
  if (text.ends_with('K') || text.ends_with('k')) unit = 1024;
  if (text.ends_with('M') || text.ends_with('m')) unit = 1024 * 1024;
  if (unit > 1) text.remove_suffix(1);
  const auto number = parse_number(text);
  if (!number || *number == 0 || *number > most_of_all / unit) return std::nullopt;
  return *number * unit;
}

}  // namespace

std::optional<Sizes> Sizes::parse(std::string_view text) {
  const auto dash = text.find('-');
  const auto least = parse_size(text.substr(0, dash));
  const auto most = dash == std::string_view::npos ? least : parse_size(text.substr(dash + 1));
  if (!least || !most || *least > *most) return std::nullopt;
  return Sizes{*least, *most};
}

// The inverse of the distribution: each share of the messages has its size.
std::size_t Sizes::of(std::uint64_t number) const {
  if (least == most) return least;
  const double low = std::pow(static_cast<double>(least), -shape);
  const double high = std::pow(static_cast<double>(most), -shape);
  const double size = std::pow(low - share_of(number) * (low - high), -1 / shape);
  return static_cast<std::size_t>(size);
}

// The finish of the SplitMix64 generator: every bit of the number reaches every bit of the result.
double share_of(std::uint64_t number) {
  std::uint64_t mixed = number + 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  mixed ^= mixed >> 31;
  return static_cast<double>(mixed >> 11) * 0x1p-53;
}

}  // namespace outrider::bench
