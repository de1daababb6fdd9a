#include "outrider/fetch/special_address.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace outrider::fetch {
namespace {

struct Range {
  std::array<std::uint8_t, 16> bytes;
  unsigned prefix;
};

constexpr Range special_ipv4[] = {{{0}, 8},
                                  {{10}, 8},
                                  {{100, 64}, 10},
                                  {{127}, 8},
                                  {{169, 254}, 16},
                                  {{172, 16}, 12},
                                  {{192, 0, 0}, 24},
                                  {{192, 0, 2}, 24},
                                  {{192, 88, 99}, 24},
                                  {{192, 168}, 16},
                                  {{198, 18}, 15},
                                  {{198, 51, 100}, 24},
                                  {{203, 0, 113}, 24},
                                  {{224}, 4},
                                  {{240}, 4}};

// Of the addresses that are given out at all, 2000::/3.
constexpr Range global_ipv6 = {{0x20}, 3};
constexpr Range special_ipv6[] = {{{0x20, 0x01}, 23},              // protocols: Teredo, ORCHID
                                  {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
                                  {{0x20, 0x02}, 16},              // 6to4
                                  {{0x3f, 0xff}, 20}};             // documentation
constexpr Range translated = {{0x00, 0x64, 0xff, 0x9b}, 96};

bool lies_in(const IpAddress& address, const Range& range) {
  return Network::of(address, range.prefix).address.bytes == range.bytes;
}

}  // namespace

bool is_special(const IpAddress& address) {
  const auto matches = [&](const Range& range) { return lies_in(address, range); };
  if (!address.v6) return std::ranges::any_of(special_ipv4, matches);
  if (lies_in(address, translated)) {
    IpAddress behind;
    std::copy_n(address.bytes.begin() + 12, 4, behind.bytes.begin());
    return is_special(behind);
  }
  return !lies_in(address, global_ipv6) || std::ranges::any_of(special_ipv6, matches);
}

}  // namespace outrider::fetch
