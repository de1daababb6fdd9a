// How large the messages of a load are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outrider::bench {

/// All of one size, or a long tail between two: half of them below 2.5 times the least, few near
/// the most (a bounded Pareto distribution of shape 3/4; from 1 KiB to 20 MiB their mean is 33
/// KiB).
struct Sizes {
  std::size_t least = 4096;
  std::size_t most = 4096;

  bool operator==(const Sizes&) const = default;
  /// `4096`, `100K`, `1K-20M`; K and M are 1024 and 1048576.
  static std::optional<Sizes> parse(std::string_view text);
  /// That of message `number`: the same in each run with the same numbers.
  std::size_t of(std::uint64_t number) const;
};

/// A number below 1 that looks random and follows from `number` alone.
double share_of(std::uint64_t number);

}  // namespace outrider::bench
