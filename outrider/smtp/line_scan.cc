#include "outrider/smtp/line_scan.h"

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace outrider::smtp {
namespace {

constexpr std::size_t block = 64;

// Bit i tells of byte i.
struct Masks {
  std::uint64_t cr = 0, lf = 0, nul = 0, dot = 0;
};

#if defined(__SSE2__)
Masks masks_of(const char* bytes) {
  const auto equal = [](__m128i data, char c) {
    return static_cast<std::uint64_t>(
        static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(data, _mm_set1_epi8(c)))));
  };
  Masks masks;
  for (int part = 0; part < 4; ++part) {
    const auto data = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * part));
    masks.cr |= equal(data, '\r') << (16 * part);
    masks.lf |= equal(data, '\n') << (16 * part);
    masks.nul |= equal(data, '\0') << (16 * part);
    masks.dot |= equal(data, '.') << (16 * part);
  }
  return masks;
}
#else
Masks masks_of(const char* bytes) {
  Masks masks;
  for (std::size_t i = 0; i < block; ++i) {
    masks.cr |= std::uint64_t{bytes[i] == '\r'} << i;
    masks.lf |= std::uint64_t{bytes[i] == '\n'} << i;
    masks.nul |= std::uint64_t{bytes[i] == '\0'} << i;
    masks.dot |= std::uint64_t{bytes[i] == '.'} << i;
  }
  return masks;
}
#endif

bool needs_decision(char c, const LineState& state, bool dots) {
  return (c == '\n') != state.after_cr || c == '\0' || (dots && c == '.' && state.at_line_start);
}

std::size_t scan_bytes(std::string_view text, std::size_t at, LineState& state, bool dots) {
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (needs_decision(c, state, dots)) return at;
    state.at_line_start = c == '\n';
    state.after_cr = c == '\r';
  }
  return at;
}

}  // namespace

std::size_t plain_length(std::string_view text, LineState& state, Dots dots_matter) {
  const bool dots = dots_matter == Dots::Matter;
  std::size_t at = 0;
  for (; at + block <= text.size(); at += block) {
    const Masks masks = masks_of(text.data() + at);
    // Every LF stands behind a CR and every CR before an LF; whatever differs is a bare one.
    const auto after_cr = masks.cr << 1 | std::uint64_t{state.after_cr};
    const auto line_start = masks.lf << 1 | std::uint64_t{state.at_line_start};
    auto special = (after_cr ^ masks.lf) | masks.nul;
    if (dots) special |= masks.dot & line_start;
    if (special != 0) return scan_bytes(text, at, state, dots);
    state.after_cr = masks.cr >> 63 != 0;
    state.at_line_start = masks.lf >> 63 != 0;
  }
  return scan_bytes(text, at, state, dots);
}

}  // namespace outrider::smtp
