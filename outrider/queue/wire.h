// Numbers and texts in a record: seven bits a byte, the low ones first; a text has its length
// before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::queue {

inline void write_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

inline void write_text(std::string& out, std::string_view text) {
  write_number(out, text.size());
  out.append(text);
}

/// Reads what was written, from any bytes. After the first fault all reads give nothing, and
/// failed() says so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte() {
    if (rest_.empty()) return fault();
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  /// At most `most`, and in the shortest form: one record has one encoding.
  std::uint64_t number(std::uint64_t most = UINT64_MAX) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      const std::uint64_t bits = next & 0x7f;
      if (failed_ || (bits << shift) >> shift != bits) return fault();
      value |= bits << shift;
      if (next >= 0x80) continue;
      if ((next == 0 && shift > 0) || value > most) return fault();
      return value;
    }
    return fault();
  }

  std::string_view text() {
    const std::uint64_t length = number();
    if (failed_ || length > rest_.size()) return fault(), std::string_view();
    const auto text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return text;
  }

  template <class Enum>
  Enum choice(Enum last) {
    const std::uint8_t value = byte();
    if (value > static_cast<std::uint8_t>(last)) return fault(), Enum{};
    return static_cast<Enum>(value);
  }

  std::size_t left() const { return rest_.size(); }
  bool failed() const { return failed_; }
  std::uint8_t fault() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace outrider::queue
